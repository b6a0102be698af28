"""Credentials and clients for every account: one base identity, one assumed role per place, each account checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from multi_env_lambda._version import __version__
from multi_env_lambda.aws.access import Access, Profile, new_session, profile_of, source_of_session, variables_of
from multi_env_lambda.aws.call_events import note_retries, time_calls
from multi_env_lambda.aws.error_codes import account_error, aws_errors, is_denied, text_of
from multi_env_lambda.aws.models import models
from multi_env_lambda.aws.redaction import quiet_refreshing, redact_debug_logs
from multi_env_lambda.aws.session_end import ending_of, renewal_errors, tell_ending
from multi_env_lambda.errors import AccountError
from multi_env_lambda.host.endings import Endings
from multi_env_lambda.host.parallel import UNITS_AT_ONCE, WORKERS
from multi_env_lambda.host.retrying import Retries
from multi_env_lambda.model.environment import CALLER as CALLERS_NAME
from multi_env_lambda.model.environment import DEFAULT_ROLE_NAME, Devops, Environment
from multi_env_lambda.model.principal import session_name_of
from multi_env_lambda.model.session import Source

if TYPE_CHECKING:
    import botocore.session
    from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials

__all__ = ["RETRIES", "OnCall", "Sessions", "assume_role_request", "role_hint"]

OnCall = Callable[[str, str, str], None]
"""Called for every API call: the place's name (``caller`` for the base identity), the service, the operation."""

CALLER = "caller"
_FALLBACK_REGION = "us-east-1"
_SAY = "sts:SetSourceIdentity"
_READ_TIMEOUTS = {"lambda": 930}
"""Seconds. A function may run for 15 minutes, and giving up earlier would invoke it again."""
_CONNECTIONS = UNITS_AT_ONCE * WORKERS
"""The maximum number of concurrent calls: units, times their parts. None is opened before it is needed, and urllib3
warns about each one beyond this."""
RETRIES: Mapping[str, Any] = {"mode": "adaptive", "total_max_attempts": 6}
"""Adaptive: besides retrying, a client sends less at a time to what throttles (docs/adr/0087)."""

Place = Devops | Environment
_Way = tuple[str, str, str, str, str]
"""Equal for places that are reached the same way: account, role, external id, source identity, role before it."""
_BASE: _Way = (CALLER, "", "", "", "")


class _AssumedRole:
    """Where botocore gets credentials, instead of its chain: the role of one place and nothing else."""

    def __init__(self, credentials: RefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> RefreshableCredentials:
        return self._credentials


class Sessions:
    """Creates clients of services in the account of a place. Creating this object is cheap; safe for threads.

    The base credentials are those of ``access``; without it they are found as boto3 finds them (AWS_PROFILE,
    environment, SSO, instance role, …). Everything else in that profile holds for the assumed roles as well.
    ``session_name`` makes the names of their sessions from the caller's ARN.
    """

    def __init__(
        self,
        access: Access | Profile | None = None,
        *,
        on_call: OnCall | None = None,
        attempts: int = RETRIES["total_max_attempts"],
        session_name: Callable[[str], str] = session_name_of,
    ) -> None:
        self.retries, self.endings = Retries(), Endings()
        self._access = access
        self._on_call = on_call
        self._attempts = attempts
        self._session_name = session_name
        # Creating botocore sessions and clients is not thread-safe; using clients is.
        self._lock = threading.RLock()
        self._verify_locks: dict[tuple[_Way, str], threading.Lock] = {}
        self._sessions: dict[_Way, botocore.session.Session] = {}
        self._clients: dict[tuple[_Way, str, str, int], Any] = {}
        self._verified: set[tuple[_Way, str]] = set()
        self._caller: Mapping[str, Any] | None = None
        self._assumed: dict[_Way, str] = {}
        redact_debug_logs()
        quiet_refreshing()

    def client(self, place: Place, service: str, *, once: bool = False) -> Any:
        """The client of ``service`` in this place's account and region, acting as this place's role.

        Args:
            once: for calls without idempotency tokens, such as Invoke and StartJobRun: they are never retried.

        Raises:
            AccountError: there are no usable base credentials.
        """
        attempts = 1 if once else self._attempts
        key = (_way(place), place.region, service, attempts)
        with self._lock:
            if key not in self._clients:
                session = self._session_of(place)
                self._clients[key] = self._make_client(session, service, place, attempts)
            return self._clients[key]

    def caller(self) -> str:
        """The ARN of the base identity: who runs this. One GetCallerIdentity per process.

        Raises:
            AccountError: there are no usable base credentials.
        """
        return str(self._base_identity()["Arn"])

    def base_answer(self) -> Mapping[str, Any]:
        """What STS said about the base identity, with the headers of its response.

        Raises:
            AccountError: there are no usable base credentials.
        """
        return self._base_identity()

    def variables(self) -> Mapping[str, str]:
        """What the environment variables say about the base credentials: only without an ``access``, all of them."""
        return variables_of(self._access)

    def credentials(self, place: Place) -> ReadOnlyCredentials:
        """The keys with which this place's role acts now; those of a role end after an hour at most.

        Raises:
            AccountError: its role cannot be assumed, or is of another account.
        """
        self.verify(place)
        # Renewing a role takes this lock too, so it is not held meanwhile.
        with self._lock:
            session = self._session_of(place)
        try:
            return session.get_credentials().get_frozen_credentials()
        except renewal_errors() as error:
            raise self._account_error(_where(place), error) from error

    def user_id(self, place: Place) -> str:
        """The IAM id of the identity that acts at a place: what policies call ``aws:userid``.

        Raises:
            AccountError: its role cannot be assumed.
        """
        self.verify(place)
        return self._assumed.get(_way(place)) or str(self._base_identity()["UserId"])

    def _base_identity(self) -> Mapping[str, Any]:
        with self._lock:
            if self._caller is None:
                try:
                    self._caller = self._base_sts().get_caller_identity()
                except aws_errors() as error:
                    raise self._account_error("credentials", error) from error
            return self._caller

    def verify(self, place: Place) -> None:
        """Make sure that this place's credentials belong to this place's account.

        The response of AssumeRole names the account of the role, so this costs no extra call.

        Raises:
            AccountError: they belong to a different one, or cannot be obtained.
        """
        key = (_way(place), place.region)
        with self._lock:
            turn = self._verify_locks.setdefault(key, threading.Lock())
        with turn:
            if key in self._verified:
                return
            try:
                with self._lock:
                    session = self._session_of(place)
                if session is self._base():
                    _check_account(place, self._base_identity()["Account"], "the credentials belong to account")
                else:
                    session.get_credentials().get_frozen_credentials()
            except renewal_errors() as error:
                raise self._account_error(_where(place), error) from error
            self._verified.add(key)

    def _session_of(self, place: Place) -> botocore.session.Session:
        """A session with the base profile's settings and this place's credentials."""
        key = _way(place)
        if not place.role_name or _is_role(self.caller(), place):
            return self._base()
        if key not in self._sessions:
            session = self._new_session()
            from botocore.credentials import DeferredRefreshableCredentials

            credentials = DeferredRefreshableCredentials(lambda: self._assume(place), "assume-role")
            session.register_component("credential_provider", _AssumedRole(credentials))
            self._sessions[key] = session
        return self._sessions[key]

    def _assume(self, place: Place) -> dict[str, str]:
        """One AssumeRole, whose own response is checked as well; botocore calls it again when the hour is over."""
        try:
            answer = self._sts_before(place).assume_role(
                **assume_role_request(place, self.caller(), self._session_name)
            )
        except aws_errors() as error:
            if is_denied(error):
                through = place.through.role_arn if isinstance(place, Environment) and place.through else ""
                what = f"{through or self.caller()} may not assume {place.role_arn}: {text_of(error)}"
                raise AccountError(_where(place), what, hint=role_hint(place, text_of(error))) from error
            raise self._account_error(_where(place), error) from error
        account_id = answer["AssumedRoleUser"]["Arn"].split(":")[4]
        _check_account(place, account_id, "the assumed role belongs to account")
        self._assumed[_way(place)] = str(answer["AssumedRoleUser"]["AssumedRoleId"])
        credentials = answer["Credentials"]
        expires = credentials["Expiration"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": expires if isinstance(expires, str) else expires.isoformat(),
        }

    def _sts_before(self, place: Place) -> Any:
        """As whom the role of a place is assumed: as the base identity, or as the role that it is reached through."""
        through = place.through if isinstance(place, Environment) else None
        return self._base_sts() if through is None else self.client(through, "sts")

    def _base(self) -> botocore.session.Session:
        with self._lock:
            if _BASE not in self._sessions:
                self._sessions[_BASE] = self._new_session()
            return self._sessions[_BASE]

    def _base_sts(self) -> Any:
        with self._lock:
            key = (_BASE, "", "sts", self._attempts)
            if key not in self._clients:
                self._clients[key] = self._make_client(self._base(), "sts", None, self._attempts)
            return self._clients[key]

    def _new_session(self) -> botocore.session.Session:
        session = new_session(self._access)
        session.register_component("data_loader", models())
        return session

    def _make_client(self, session: botocore.session.Session, service: str, place: Place | None, attempts: int) -> Any:
        from botocore.config import Config

        region = None if place is None else place.region
        only = self._access if isinstance(self._access, Access) else None
        config = Config(
            retries={**RETRIES, "total_max_attempts": attempts},
            connect_timeout=10,
            read_timeout=_READ_TIMEOUTS.get(service, 60),
            tcp_keepalive=True,
            max_pool_connections=_CONNECTIONS,
            user_agent_extra=f"multi-env-lambda/{__version__}",
            proxies=None if only is None else {},
        )
        endpoint = None if only is None else only.endpoint_url
        try:
            region = region or session.get_config_variable("region") or _FALLBACK_REGION
            client = session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)
        except aws_errors() as error:
            raise self._account_error("credentials", error) from error
        except ValueError as error:  # what botocore raises for an invalid address or region
            hint = "fix AWS_ENDPOINT_URL, AWS_REGION, or endpoint_url and region of the profile"
            raise AccountError("credentials", f"{service} in {region}: {error}", hint=hint) from error
        note_retries(client, self.retries)
        time_calls(client)
        tell_ending(client, lambda: self._source_of(session, place), self.endings)
        if self._on_call is not None:
            tell, place_name = self._on_call, CALLER if place is None else place.name

            def before_call(model: Any, **_: Any) -> None:
                tell(place_name, model.service_model.service_name, model.name)

            client.meta.events.register("before-call", before_call)
        return client

    def _source_of(self, session: botocore.session.Session, place: Place | None) -> Source:
        """Whose credentials a session uses: those of its place's role, or the base identity's."""
        if place is None or session is self._sessions.get(_BASE):
            return self._base_source()
        return Source(kind="role", name=place.role_arn)

    def _base_source(self) -> Source:
        session = self._sessions.get(_BASE)
        return Source(kind="unknown") if session is None else source_of_session(self._access, session)

    def _account_error(self, where: str, error: Exception) -> AccountError:
        ended = ending_of(error, self._base_source(), datetime.now(UTC))
        if ended is not None:
            self.endings.note(ended)
            return ended
        hint = "check the credentials with `aws sts get-caller-identity`"
        known = account_error(where, error, profile=profile_of(self._access))
        return known or AccountError(where, text_of(error), hint=hint)


def assume_role_request(
    place: Place, caller: str, session_name: Callable[[str], str] = session_name_of
) -> dict[str, str]:
    """The parameters of AssumeRole: CloudTrail shows in each account whose session it was.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    >>> ci = "arn:aws:sts::111111111111:assumed-role/ci/build-7"
    >>> place = Environment(name="prod", account_id="555555555555", region="us-east-1", external_id="acme")
    >>> assume_role_request(place, ci)["RoleSessionName"], assume_role_request(place, ci)["ExternalId"]
    ('build-7', 'acme')
    """
    name = session_name_of(caller)
    identity = name if place.source_identity == CALLERS_NAME else place.source_identity
    told = {"RoleArn": place.role_arn, "RoleSessionName": session_name(caller)}
    optional = {"ExternalId": place.external_id, "SourceIdentity": identity}
    return told | {key: value for key, value in optional.items() if value}


def role_hint(place: Place, said: str) -> str:
    """Why a role may not be assumed; ``said`` is AWS's refusal, which names the missing action.

    Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create-cross-account-role.html
    and https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    if isinstance(place, Environment) and place.through is not None:
        return (
            f"`bootstrap {place.name}` makes that role, and lets in anyone whom `deployed_by` of the table names; "
            "`doctor` says whether what it made is there"
        )
    if _SAY in said:
        whose = "`source_identity` names one" if place.source_identity else "this session has one, which AWS keeps"
        instead = "" if place.source_identity else ", or use credentials without one"
        allow = f"the role's trust policy and this identity's own policies must allow {_SAY}"
        absent = f" ({DEFAULT_ROLE_NAME} does not)" if place.role_name == DEFAULT_ROLE_NAME else ""
        return f"a source identity: {whose}; {allow}{absent}{instead}"
    if place.role_name == DEFAULT_ROLE_NAME:
        says = f"; for `source_identity` its trust policy needs {_SAY}, too" if place.source_identity else ""
        return (
            f"{DEFAULT_ROLE_NAME} trusts only the organisation's management account, and accounts that were invited do "
            f'not have it: use credentials of that account, or name a role of your own (`role_name`, "" for none){says}'
        )
    says = f" and {_SAY}, which this identity's own policies must allow, too" if place.source_identity else ""
    outside = (
        "does it ask for the `external_id` of the table"
        if place.external_id
        else "if it asks for sts:ExternalId, write `external_id` into the table"
    )
    return (
        f"let the role's trust policy name this identity and allow it sts:AssumeRole{says}; "
        f"{outside}; does the role exist?"
    )


def _way(place: Place) -> _Way:
    through = place.through.role_arn if isinstance(place, Environment) and place.through else ""
    return place.account_id, place.role_arn, place.external_id, place.source_identity, through


def _where(place: Place) -> str:
    return f"environment {place.name}" if isinstance(place, Environment) else place.name


def _check_account(place: Place, account_id: str, what: str) -> None:
    if account_id != place.account_id:
        raise AccountError(
            _where(place),
            f"{what} {account_id}, but the configuration says {place.account_id}",
            hint="fix account_id in the root pyproject.toml, or use the credentials of that account",
        )


def _is_role(caller: str, place: Place) -> bool:
    """Whether this identity already is that role: a role does not always trust itself.

    >>> production = Environment(name="prod", account_id="555555555555", region="us-east-1", role_name="deployer")
    >>> _is_role("arn:aws:sts::555555555555:assumed-role/deployer/build-7", production)
    True
    """
    parts = caller.split(":", 5)
    words = parts[-1].split("/")
    if len(parts) < 6 or parts[4] != place.account_id or words[0] != "assumed-role" or len(words) < 2:
        return False
    # An assumed-role ARN names the role without its path.
    return words[1] == place.role_name.rsplit("/", 1)[-1]
