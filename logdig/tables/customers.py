"""Customers, as the owner's files name them, and what later files changed."""

from logdig.tables.declaration import INT, TEXT, TIME, Column, Table

CUSTOMERS = Table(
    name="customers",
    meaning="Loaded customers; neither names nor addresses are loaded.",
    grain="customer",
    keys=("app", "customer_id"),
    columns=(
        Column("app", TEXT, "app; never null"),
        Column("customer_id", TEXT, "id; never null", person="customer_id"),
        Column("gender", INT, "code of the source"),
        Column("birth_year", INT, "year", unit="year"),
        Column("zip", TEXT, "leading zeros kept"),
        Column("sign_date", TEXT, "YYYY-MM-DD"),
        Column("status", INT, "code of the source: 0 is inactive, 1 active, which files may also write as words"),
        Column("level", INT, "code of the source: 0 Free, 1 Silver, 2 Gold, which files may also write as words"),
        Column("campaign", INT, "code of the source"),
        Column("linked_apps", INT, "code of the source"),
        Column("loaded_at", TIME, "when the winning line was loaded"),
    ),
)

CUSTOMER_CHANGES = Table(
    name="customer_changes",
    meaning="What a later load changed of a customer.",
    grain="customer, column and load",
    keys=("app", "customer_id", "column", "changed_at"),
    ages_by="changed_at",
    notes=(
        "The first load of a customer changes nothing. From `customers` backwards it tells what was known at a time.",
    ),
    columns=(
        Column("app", TEXT, "app; never null"),
        Column("customer_id", TEXT, "as in `customers`; never null", person="customer_id"),
        Column("column", TEXT, "name of the column of `customers`; never null"),
        Column("old", TEXT, "its value before, as text; null = it had none"),
        Column("new", TEXT, "its value since; null = it has none"),
        Column("changed_at", TIME, "`loaded_at` of the load that brought it; never null"),
    ),
)
