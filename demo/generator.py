"""Generate the data of a music service: customers, tracks, listens, ad views and ad clicks, as files to load and send.

Run ``python -m demo.generator FOLDER --seed 7 --listens 200000``. docs/demo.md explains how the data is generated, and
why a model finds a signal in it but is not perfect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

DAYS = 60
WINDOW_DAYS = 15
"""A quarter of DAYS, the length of the windows in which clicks are predicted (docs/model.md)."""
CUSTOMERS = 5000
TRACKS = 1750
OFFER = "ADV_REDUCED_1DAY"
OTHER_ADS = ("ADV_FREE_REFERRAL", "ADV_LIKE_FACEBOOK", "ADV_DONATION_CHARITY")
DAY_PART_HOURS = ((5, 12), (12, 17), (17, 22), (22, 29))
"""Morning, afternoon, evening, night as [from, to) hours; night runs into the next day."""

CLICKS_A_WINDOW = -3.45
"""Log of the offer clicks that a customer of average habits makes in 15 days."""
HABIT_WEIGHTS = (1.7, 1.3, -0.6)
"""What phone use, variety and mornings (each in standard deviations) add to that log."""
HIDDEN_SPREAD = 0.6
"""Standard deviation of a part of the rate that no log shows, so that no model can be perfect."""
VIEWS_A_CLICK = 6
LARGEST_POOL = 300
"""Tracks from which the customer with the highest variety chooses."""

TITLES = ("Amber", "Blue", "City", "Distant", "Echo", "Falling", "Golden", "Hollow", "Island", "Jade", "Kite", "Lunar")
NOUNS = ("Road", "Morning", "Signal", "River", "Letter", "Window", "Garden", "Engine", "Harbor", "Season", "Mirror")

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Habits:
    """One value per customer, drawn once; the logs show them with sampling noise."""

    popularity: Reals
    phone: Reals
    variety: Reals
    day_parts: Reals


def draw_habits(random: np.random.Generator, customers: int) -> Habits:
    """Draw how each customer listens; popularity sums to 1 and is Zipf-like, day parts sum to 1 a customer."""
    ranks = random.permutation(customers) + 1.0
    popularity = 1.0 / (ranks + 60.0) ** 0.7
    return Habits(
        popularity=popularity / popularity.sum(),
        phone=random.beta(1.2, 1.0, customers),
        variety=random.beta(2.0, 2.0, customers),
        day_parts=random.dirichlet((3.0, 2.2, 2.4, 2.8), customers),
    )


def click_rates(random: np.random.Generator, habits: Habits) -> Reals:
    """Offer clicks that each customer makes in 15 days, on average."""
    known = (habits.phone, habits.variety, habits.day_parts[:, 0])
    log_rate = np.full(len(habits.phone), CLICKS_A_WINDOW)
    for weight, habit in zip(HABIT_WEIGHTS, known, strict=True):
        log_rate += weight * (habit - habit.mean()) / habit.std()
    log_rate += random.normal(0.0, HIDDEN_SPREAD, len(log_rate))
    rates: Reals = np.exp(np.minimum(log_rate, 2.0))
    return rates


def customer_rows(random: np.random.Generator, customers: int) -> Iterator[str]:
    """Header and rows of the customer file; ids 0 to customers - 1. Every tenth has a phone that is nobody's."""
    yield "CustID,Gender,BirthYear,zip,SignDate,Status,Level,Campaign,LinkedWithApps,Phone,SmsOptIn"
    gender = random.random(customers) < 0.42
    birth = np.clip(random.normal(1988, 12, customers).astype(int), 1940, 2010)
    zips = random.integers(501, 99950, customers)
    signed = random.integers(0, 1200, customers)
    status = random.random(customers) < 0.9
    level = random.choice(3, customers, p=(0.57, 0.33, 0.10))
    campaign = random.choice(5, customers, p=(0.12, 0.58, 0.05, 0.10, 0.15))
    linked = random.random(customers) < 0.5
    for customer in range(customers):
        day = (datetime(2022, 1, 1, tzinfo=UTC) + timedelta(days=int(signed[customer]))).strftime("%m/%d/%Y")
        codes = f"{int(status[customer])},{level[customer]},{campaign[customer]},{int(linked[customer])}"
        contact = f"{phone_of(customer)},{int(customer % 30 == 0)}"
        yield f'{customer},{int(gender[customer])},{birth[customer]},"{zips[customer]:05}","{day}",{codes},{contact}'


def phone_of(customer: int) -> str:
    """A number of the range that stays free for stories (555-0100 to 555-0199), or none."""
    area, number = divmod(customer // 10, 100)
    return f"+1{201 + area % 700}55501{number:02}" if customer % 10 == 0 else ""


def track_rows(random: np.random.Generator, tracks: int) -> Iterator[str]:
    """Header and rows of the track file."""
    yield "TrackId,Title,Artist,Length"
    length = random.integers(120, 360, tracks)
    artist = random.integers(0, 180, tracks)
    for track in range(tracks):
        title = f"{TITLES[track % len(TITLES)]} {NOUNS[track // len(TITLES) % len(NOUNS)]} {track}"
        yield f"{track},{title},Artist {artist[track]},{length[track]}"


def listen_rows(random: np.random.Generator, habits: Habits, listens: int, tracks: int, end: datetime) -> Iterator[str]:
    """Rows of the listen file, without a header, in no order of time."""
    customers = len(habits.popularity)
    who = random.choice(customers, listens, p=habits.popularity)
    thresholds = habits.day_parts.cumsum(axis=1)
    part = (random.random(listens)[:, None] > thresholds[who]).sum(axis=1).clip(0, 3)
    bounds = np.array(DAY_PART_HOURS)[part]
    second = ((bounds[:, 0] + random.random(listens) * (bounds[:, 1] - bounds[:, 0])) * 3600).astype(int)
    day = random.integers(0, DAYS, listens)
    mobile = random.random(listens) < habits.phone[who]
    # A customer with low variety hears few tracks: a draw from the whole catalogue is mapped into a small pool.
    pool = np.maximum(3, habits.variety[who] ** 2 * LARGEST_POOL).astype(int)
    track = (who * 37 + random.integers(0, tracks, listens) % pool) % tracks
    zips = random.integers(501, 99950, listens)
    texts = _texts(_times(end, day, second))
    for row in range(listens):
        yield f'{row},{who[row]},{track[row]},"{texts[row]}",{int(mobile[row])},"{zips[row]:05}"'


def ad_rows(random: np.random.Generator, rates: Reals, end: datetime) -> tuple[list[str], list[str]]:
    """Rows of the view file and of the click file: offer clicks by the rates, other ads by chance.

    Every click follows a view by some seconds; the other views have no click.
    """
    windows = DAYS / WINDOW_DAYS
    people = np.arange(len(rates))
    who = np.repeat(people, random.poisson(rates * windows))
    others = random.integers(0, len(rates), len(who))
    clickers = np.concatenate([who, others])
    ads = np.concatenate([np.full(len(who), OFFER), random.choice(OTHER_ADS, len(others))])
    clicked = _times(end, random.integers(0, DAYS, len(ads)), random.integers(0, 86400, len(ads)))
    seen = clicked - random.integers(2, 40, len(ads)).astype("timedelta64[s]")
    lookers = np.repeat(people, random.poisson(rates * windows * (VIEWS_A_CLICK - 1) + 1.0))
    looked = _times(end, random.integers(0, DAYS, len(lookers)), random.integers(0, 86400, len(lookers)))
    viewers = np.concatenate([clickers, lookers])
    viewed = np.concatenate([ads, np.full(len(lookers), OFFER)])
    return _ad_lines(viewers, viewed, np.concatenate([seen, looked])), _ad_lines(clickers, ads, clicked)


def _ad_lines(people: Ints, ads: NDArray[np.str_], times: Times) -> list[str]:
    rows = zip(people.tolist(), ads.tolist(), _texts(times), strict=True)
    return [f'{number},{who},"{ad}","{text}"' for number, (who, ad, text) in enumerate(rows)]


def _times(end: datetime, days_back: Ints, second: Ints) -> Times:
    """Times a number of days before the end's midnight; a time after the end is moved DAYS earlier.

    So hours of day stay as drawn, and the DAYS before the end are filled evenly.
    """
    midnight, last = np.datetime64(end.date(), "s"), np.datetime64(end, "s")
    times = midnight - days_back.astype("timedelta64[D]") + second.astype("timedelta64[s]")
    shifted: Times = np.where(times > last, times - np.timedelta64(DAYS, "D"), times)
    return shifted


def _texts(times: Times) -> list[str]:
    """Times as ``YYYY-MM-DD HH:MM:SS``."""
    return [text.replace("T", " ") for text in np.datetime_as_string(times, unit="s").tolist()]


def generate(folder: Path, end: datetime, *, seed: int = 7, listens: int = 200_000) -> dict[str, Path]:
    """Write the five files; equal arguments write equal files.

    Args:
        folder: Created when missing.
        end: Newest possible time, without zone.
        seed: Of all random values.
        listens: Rows of the listen file.
    Returns:
        Paths by kind: customers, tracks, listens, views, clicks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A random stream each, so that the number of listens does not change the customers.
    streams = [np.random.default_rng([seed, number]) for number in range(5)]
    habits = draw_habits(streams[0], CUSTOMERS)
    views, clicks = ad_rows(streams[4], click_rates(streams[1], habits), end)
    content: dict[str, Iterator[str] | list[str]] = {
        "customers": customer_rows(streams[2], CUSTOMERS),
        "tracks": track_rows(streams[2], TRACKS),
        "listens": listen_rows(streams[3], habits, listens, TRACKS, end),
        "views": views,
        "clicks": clicks,
    }
    paths = {}
    for kind, rows in content.items():
        paths[kind] = folder / f"{kind}.csv"
        paths[kind].write_text("\n".join(rows) + "\n", encoding="utf-8")
    return paths


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=7, show_default=True, help="Equal seeds give equal files.")
@click.option("--listens", default=200_000, show_default=True, type=click.IntRange(1), help="Rows of the listen file.")
def main(folder: Path, seed: int, listens: int) -> None:
    """Write customers, tracks, listens, views and clicks into FOLDER."""
    for kind, path in generate(folder, datetime.now(UTC).replace(tzinfo=None), seed=seed, listens=listens).items():
        click.echo(f"{kind:<10} {path}")


if __name__ == "__main__":
    main()
