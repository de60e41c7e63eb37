"""From behaviour to targets, and what became of them: features, models, predictions, targets, exposures."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, TIME, YES_NO, Column, Table
from logdig.tables.feature_sets import BROWSING, LISTENING

FEATURE_NAMES = ("morning", "afternoon", "evening", "night", "mobile", "unique")
"""The model's columns, in its order: shares of a customer's listens, 0 to 1, never rounded."""

WHO = (
    Column("customer_id", TEXT, "customer; null of a visitor", person="customer_id"),
    Column("user_key", TEXT, "visitor, where the app has no customers loaded; else null", person="user_key"),
)

FEATURES = Table(
    name="features",
    meaning="What people did in the 28 days before `as_of`, and whether they then did what the offer is for.",
    grain="person, offer and time",
    keys=("app", "offer", "split", "customer_id", "user_key", "as_of"),
    notes=("Features of a set that the app has no data for are null.",),
    columns=(
        Column("app", TEXT, "app"),
        Column("offer", TEXT, "offer"),
        Column("split", TEXT, "`past` = with a label, to train and test; `now` = to score"),
        *WHO,
        Column("as_of", TIME, "nothing from it on is in the features"),
        Column("kind", TEXT, "of what rows are: `exposures`, or before there are any `clicks` (docs/model.md)"),
        *(Column(name, REAL, meaning) for name, meaning in LISTENING.items()),
        *(Column(name, REAL, meaning) for name, meaning in BROWSING.items()),
        Column("lately", INT, "1 = did it in the 28 days before `as_of`"),
        Column("p_show", REAL, "chance that the person was shown the offer", unit="0 to 1"),
        Column("label_until", TIME, "end of the label's window"),
        Column("label", INT, "1 = did it from `as_of` up to `label_until`, else 0"),
    ),
)

MODELS = Table(
    name="models",
    meaning="Every model that was trained, refused ones too.",
    grain="model that was trained",
    keys=("app", "offer", "trained_at"),
    notes=("`logdig model show` says which one serves, and why.",),
    columns=(
        Column("app", TEXT, "app"),
        Column("offer", TEXT, "offer"),
        Column("trained_at", TIME, "when"),
        Column("train_rows", LONG, "rows in training"),
        Column("train_positives", LONG, "of them with label 1"),
        Column("test_rows", LONG, "rows in the test"),
        Column("test_positives", LONG, "of them with label 1"),
        Column("passed", YES_NO, "whether the gate let it through"),
        Column("reason", TEXT, "why"),
        Column("train_as_of", TIME, "first time of the training's features"),
        Column("train_until", TIME, "end of its labels"),
        Column("test_as_of", TIME, "first time of the test's features"),
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
        Column("kind", TEXT, "of what rows it has learned: `exposures` or `clicks`"),
        Column(
            "accepted",
            YES_NO,
            "passed and leaves at least half of the targets, or waits for `logdig model approve`",
        ),
        Column("details", TEXT, "intervals against simple predictors and profits, as JSON"),
    ),
)

PREDICTIONS = Table(
    name="predictions",
    meaning="The score of everyone who did something in the last 28 days that ads may use, eligible or not.",
    grain="person and offer",
    keys=("app", "offer", "customer_id", "user_key"),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer; null of a visitor", person="customer_id"),
        Column("offer", TEXT, "offer"),
        Column("model_version", TEXT, "model that gave the score"),
        Column("as_of", TIME, "time of the features"),
        Column("score", REAL, "chance of doing it within the offer's horizon when shown", unit="0 to 1"),
        Column("user_key", TEXT, "visitor, where the app has no customers loaded; else null", person="user_key"),
        Column("reason", TEXT, "the features that raise the score most, in words"),
        Column(
            "drift",
            REAL,
            "population stability index of the offer's scores against those of its model's test, the same in all rows; "
            "from 0.25 on they have moved",
        ),
    ),
)

TARGETS = Table(
    name="targets",
    meaning="People worth an offer.",
    grain="person and offer",
    keys=("app", "offer", "customer_id", "user_key"),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer; null of a visitor", person="customer_id"),
        Column("offer", TEXT, "offer"),
        Column("level", INT, "as in `customers`"),
        Column("score", REAL, "as in `predictions`", unit="0 to 1"),
        Column("model_version", TEXT, "model that gave the score"),
        Column("features_as_of", TIME, "time of the features"),
        Column("rank", INT, "1 is the best score of its app and offer"),
        Column("user_key", TEXT, "visitor, where the app has no customers loaded; else null", person="user_key"),
        Column("status", INT, "as in `customers`"),
        Column("band", INT, "of the score among all who are eligible, 1 (lowest) to 5"),
        Column("reason", TEXT, "the features that raise the score most, in words"),
        Column("holdout_share", REAL, "share of the targets that is held out", unit="0 to 1"),
        Column("expires_at", TIME, "from then on the score is not used"),
        Column("drift", REAL, "as in `predictions`"),
    ),
)

TARGET_HISTORY = Table(
    name="target_history",
    meaning="When people were targets; `targets` says who is.",
    grain="person, offer and time without a gap",
    keys=("app", "offer", "customer_id", "user_key", "since"),
    ages_by="until",
    zone="raw",
    notes=("Job `targets` writes it.",),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer; null of a visitor", person="customer_id"),
        Column("user_key", TEXT, "visitor, where the app has no customers loaded; else null", person="user_key"),
        Column("offer", TEXT, "offer"),
        Column("since", TIME, "time of the features of the first list that named the person"),
        Column("until", TIME, "when a list left the person out, or the last score is too old; not included"),
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
