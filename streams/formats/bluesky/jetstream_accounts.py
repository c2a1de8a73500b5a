"""What Bluesky's hosts say of accounts: whether one is active, and which handle it has."""

from datetime import datetime, timedelta
from typing import Final

from streams.deadletters import Reason
from streams.events import Account, Profile, Suspension, SuspensionStatus
from streams.formats.bluesky.jetstream_fields import BLUESKY, account_named, microseconds, witnessed
from streams.formats.bluesky.jetstream_payloads import AccountNotice, IdentityNotice
from streams.formats.reader import Reading, Skipped
from streams.refusal import Refused

__all__ = ["NOTICE_NAMES", "read_account", "read_identity"]

# com.atproto.sync.subscribeRepos#account: a host takes down and suspends, an owner deactivates, and either deletes.
_STATUS_OF: Final[dict[str, SuspensionStatus]] = {
    "takendown": "suspended",
    "suspended": "suspended",
    "deleted": "deleted",
    "deactivated": "deactivated",
}
# States of a host's synchronization, and not of the account.
_SKIPPED_STATES: Final = {state: Skipped(f"account_{state}") for state in ("desynchronized", "throttled")}
_OTHER_STATUS: Final = Skipped("account_other_status")
_WITHOUT_STATUS: Final = Skipped("account_without_status")
_WITHOUT_HANDLE: Final = Skipped("identity_without_handle")
_NO_HANDLE: Final = "handle.invalid"  # stands for a handle that does not lead back to its account

# The closed list of names under which a notice may be skipped.
NOTICE_NAMES: Final = frozenset(
    {
        *(each.name for each in _SKIPPED_STATES.values()),
        "account_other_status",
        "account_without_status",
        "identity_without_handle",
    }
)

# A notice is exact where its host wrote it just then; one that came later only says that it happened before.
_EXACT: Final = timedelta(minutes=1)


def read_account(did: str | None, notice: AccountNotice | None, at: datetime, observed_at: datetime) -> Reading:
    """What a notice says of an account's status. Raises `Refused`.

    Every notice that an account is active passes as a return, whether it was gone or not: that is for those to know who
    have the notices before it.
    """
    if notice is None or notice.active is None:
        raise Refused(Reason.NOT_AN_EVENT, "account: missing" if notice is None else "account.active: missing")
    word = "active" if notice.active else notice.status
    status = "reinstated" if notice.active else _STATUS_OF.get(word or "")
    if word is None:
        return _WITHOUT_STATUS
    if status is None:
        return _SKIPPED_STATES.get(word, _OTHER_STATUS)
    actor = account_named(did, "did")
    written_at = at if notice.time is None else witnessed(notice.time, "account.time")
    return (
        Suspension(
            platform=BLUESKY,
            id=f"account:{actor.id}:{word}:{microseconds(written_at)}",
            at=at,
            observed_at=observed_at,
            actor=actor,
            status=status,
            reason=None if notice.active else word,
            precision="exact" if notice.time is not None and abs(at - written_at) <= _EXACT else "noticed",
        ),
    )


def read_identity(did: str | None, notice: IdentityNotice | None, at: datetime, observed_at: datetime) -> Reading:
    """The account with the handle that it has now; the notice does not say which it had before. Raises `Refused`."""
    if notice is None:
        raise Refused(Reason.NOT_AN_EVENT, "identity: missing")
    if not notice.handle or notice.handle == _NO_HANDLE:
        return _WITHOUT_HANDLE
    actor = account_named(did, "did")
    written_at = at if notice.time is None else witnessed(notice.time, "identity.time")
    return (
        Profile(
            platform=BLUESKY,
            id=f"identity:{actor.id}:{microseconds(written_at)}",
            at=at,
            observed_at=observed_at,
            actor=Account(id=actor.id, handle=notice.handle),
        ),
    )
