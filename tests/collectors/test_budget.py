"""What a source may cost, and when it may again."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.collectors.budget import Budget, BudgetPolicy, Spending, micro_dollars, spending_in
from streams.core.clock import DAY_US, from_us, to_us


def _us(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type, misc]


def test_a_dollar_is_two_hundred_posts_at_half_a_cent() -> None:
    budget, now = Budget(BudgetPolicy(day=micro_dollars(1), month=micro_dollars(10)), Spending()), _us(2026, 11, 28, 12)
    posts = 0
    while budget.left(now) >= micro_dollars(0.005):
        budget.spend(micro_dollars(0.005), now)
        posts += 1
    assert (posts, budget.left(now)) == (200, 0)


def test_a_day_ends_at_midnight_and_a_month_with_its_last_day() -> None:
    policy = BudgetPolicy(day=micro_dollars(1), month=micro_dollars(2))
    budget = Budget(policy, Spending())
    for day in (30, 31):
        now = _us(2026, 12, day, 12)
        budget.spend(micro_dollars(1), now)
        midnight = _us(2026, 12, 31) if day == 30 else _us(2027, 1, 1)
        assert budget.opens_at_us(1, now) == midnight
    assert budget.left(_us(2026, 12, 31, 23, 59)) == 0
    assert budget.left(_us(2027, 1, 1)) == micro_dollars(1)


def test_a_month_that_is_spent_is_not_opened_by_a_new_day() -> None:
    budget = Budget(BudgetPolicy(day=micro_dollars(1), month=micro_dollars(1)), Spending())
    budget.spend(micro_dollars(1), _us(2026, 11, 3, 9))
    assert budget.opens_at_us(1, _us(2026, 11, 3, 10)) == _us(2026, 12, 1)
    assert budget.left(_us(2026, 11, 29)) == 0


def test_a_clock_that_steps_back_gives_no_money_back() -> None:
    budget = Budget(BudgetPolicy(day=micro_dollars(1), month=micro_dollars(9)), Spending())
    budget.spend(micro_dollars(1), _us(2026, 12, 1))
    assert budget.left(_us(2026, 11, 30)) == 0
    assert budget.left(_us(2026, 12, 1, 5)) == 0


def test_the_past_has_its_share_of_a_day_alone() -> None:
    budget, now = Budget(BudgetPolicy(day=100, month=1_000, back_fill_share=0.3), Spending()), _us(2026, 11, 28)
    budget.spend(25, now, of_the_past=True)
    assert (budget.left(now, of_the_past=True), budget.left(now)) == (5, 75)
    assert budget.left(now + DAY_US, of_the_past=True) == 30


def test_spending_survives_in_a_cursor_and_is_found_in_any() -> None:
    budget, now = Budget(BudgetPolicy(day=100, month=1_000), Spending()), _us(2026, 11, 28)
    budget.spend(7, now)
    kept = spending_in(msgspec.json.encode({"budget": budget.spending, "other": 1}))
    assert kept == budget.spending
    assert Budget(BudgetPolicy(day=100, month=1_000), kept).left(now) == 93
    assert [spending_in(each) for each in (None, b'{"next": 3}', b"[1]", b'{"budget": 5}')] == [None] * 4


@given(st.lists(st.tuples(st.integers(0, 90 * DAY_US), st.integers(0, 400), st.booleans()), min_size=1, max_size=60))
def test_what_was_allowed_never_exceeds_the_limits(steps: list[tuple[int, int, bool]]) -> None:
    """Against sums of a plain list; who asks before he spends stays below the budget of every day and month."""
    policy = BudgetPolicy(day=500, month=1_200, back_fill_share=0.5)
    budget, spent = Budget(policy, Spending()), list[tuple[str, int, bool]]()
    for offset, cost, is_past in sorted(steps):
        now = _us(2026, 11, 1) + offset
        if cost <= budget.left(now, of_the_past=is_past):
            budget.spend(cost, now, of_the_past=is_past)
            spent.append((f"{from_us(now):%Y-%m-%d}", cost, is_past))
    for day in {each[0] for each in spent}:
        assert sum(cost for at, cost, _ in spent if at == day) <= 500
        assert sum(cost for at, cost, past in spent if at == day and past) <= 250
        assert sum(cost for at, cost, _ in spent if at[:7] == day[:7]) <= 1_200
