"""Customers, as the owner's files name them."""

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
