"""From behaviour to targets, and what became of them: features, models, predictions, targets, exposures."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, TIME, YES_NO, Column, Table

FEATURE_NAMES = ("morning", "afternoon", "evening", "night", "mobile", "unique")
"""The model's columns, in its order: shares of a customer's listens, 0 to 1, never rounded."""

FEATURES = Table(
    name="features",
    meaning="What each customer's listening looked like up to `as_of`; shares from 0 to 1, not rounded.",
    grain="customer, offer and split",
    keys=("app", "offer", "split", "customer_id"),
    columns=(
        Column("app", TEXT, "app"),
        Column("offer", TEXT, "offer whose click is the label"),
        Column("split", TEXT, "`train`, `test`, or `now` (no label yet)"),
        Column("customer_id", TEXT, "customer", person="customer_id"),
        Column("as_of", TIME, "nothing later is in the features"),
        Column("listens", LONG, "listens counted, at least 1"),
        Column("morning", REAL, "share of listens", unit="0 to 1"),
        Column("afternoon", REAL, "share of listens", unit="0 to 1"),
        Column("evening", REAL, "share of listens", unit="0 to 1"),
        Column("night", REAL, "share of listens", unit="0 to 1"),
        Column("mobile", REAL, "share of listens on a mobile device", unit="0 to 1"),
        Column("unique", REAL, "distinct tracks / listens", unit="0 to 1"),
        Column("label_until", TIME, "end of the label's window"),
        Column("label", INT, "1 = clicked the offer's ad after `as_of` and up to `label_until`, else 0"),
    ),
)

MODELS = Table(
    name="models",
    meaning="Every model that was trained, refused ones too.",
    grain="model that was trained",
    keys=("app", "offer", "trained_at"),
    columns=(
        Column("app", TEXT, "app"),
        Column("offer", TEXT, "offer"),
        Column("trained_at", TIME, "when"),
        Column("train_rows", LONG, "customers in training"),
        Column("train_positives", LONG, "of them with label 1"),
        Column("test_rows", LONG, "customers in the test"),
        Column("test_positives", LONG, "of them with label 1"),
        Column("passed", YES_NO, "whether the gate let it through"),
        Column("reason", TEXT, "why"),
        Column("train_as_of", TIME, "time of the training's features"),
        Column("train_until", TIME, "end of its labels"),
        Column("test_as_of", TIME, "time of the test's features"),
        Column("test_until", TIME, "end of its labels"),
        Column("model_version", TEXT, "hash of the model"),
        Column("coefficients", TEXT, "the model as JSON; null where none was trained"),
        Column("error", REAL, "share of wrong answers in the test", unit="0 to 1"),
        Column("average_precision", REAL, "in the test", unit="0 to 1"),
        Column("brier", REAL, "mean squared error of the scores in the test", unit="0 to 1"),
        Column("roc_auc", REAL, "in the test", unit="0 to 1"),
        Column(
            "constant_error",
            REAL,
            "the same for a predictor that gives everyone the share of positives in training",
            unit="0 to 1",
        ),
        Column("constant_average_precision", REAL, "likewise", unit="0 to 1"),
        Column("constant_brier", REAL, "likewise", unit="0 to 1"),
        Column("constant_roc_auc", REAL, "likewise", unit="0 to 1"),
    ),
)

PREDICTIONS = Table(
    name="predictions",
    meaning="The score of every customer with listens that ads may use, eligible or not.",
    grain="customer and offer",
    keys=("app", "offer", "customer_id"),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer", person="customer_id"),
        Column("offer", TEXT, "offer"),
        Column("model_version", TEXT, "model that gave the score"),
        Column("as_of", TIME, "time of the features"),
        Column("score", REAL, "chance of a click within one window, 0 to 1", unit="0 to 1"),
    ),
)

TARGETS = Table(
    name="targets",
    meaning="Customers worth an offer.",
    grain="customer and offer",
    keys=("app", "offer", "customer_id"),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer", person="customer_id"),
        Column("offer", TEXT, "offer"),
        Column("level", INT, "as in `customers`"),
        Column("score", REAL, "as in `predictions`", unit="0 to 1"),
        Column("model_version", TEXT, "model that gave the score"),
        Column("features_as_of", TIME, "time of the features"),
        Column("rank", INT, "1 is the best score of its app and offer"),
    ),
)

EXPOSURES = Table(
    name="exposures",
    meaning="Every answer of the decision service and of other channels, and every click on an offer's ad.",
    grain="decision, or click on an ad",
    keys=("app", "event_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=1,
    filters=("offer", "placement", "channel"),
    notes=(
        "`would_show` = eligible, and chosen by score or by exploring: the holdout alone decided between `show` and "
        "`holdout`.",
        "Of people who allow no analytics a decision is counted and names nobody; their clicks are not recorded.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "local day of the app"),
        Column("event_id", TEXT, "as in `events`; of a decision its `decision_id`"),
        Column("occurred_at", TIME, "when, by the collector's clock"),
        Column("user_key", TEXT, "visitor", person="user_key"),
        Column("customer_id", TEXT, "customer", person="customer_id"),
        Column("offer", TEXT, "offer that was considered, or whose ad was clicked; null = none"),
        Column("placement", TEXT, "spot on the page"),
        Column("channel", TEXT, "`page`, `sms` or `export`"),
        Column("decision", TEXT, "`show`, `holdout` or `suppress`; `click` = a click on the ad"),
        Column("reason", TEXT, "why (docs/decide.md); null of a click"),
        Column("would_show", YES_NO, "whether the holdout decided; never null"),
        Column("explore", YES_NO, "chosen by exploring, not by the score; never null"),
        Column("band", INT, "of the score, from 1 (lowest); 0 = unknown"),
        Column("score", REAL, "that was served", unit="0 to 1"),
        Column("p_show", REAL, "chance before the draws that the offer is shown", unit="0 to 1"),
        Column("model_version", TEXT, "model that gave the score"),
        Column("weight", REAL, "1 / sample rate of the event"),
        Column("bucket", INT, "hash of app and visitor, 0 to 15, to read a share of the visitors"),
    ),
)
