"""What the relay remembers about a job and about a volunteer."""

from __future__ import annotations

from dataclasses import dataclass, field

from pando_shared.signaling import Card, IceServers, JobInfo, Login


@dataclass(slots=True, eq=False)
class Job:
    """One run of one client. `key` shows that a login is of the same run."""

    name: str
    key: str
    client: str
    ice_servers: IceServers
    card: Card = field(default_factory=Card)
    public_key: str | None = None
    relays: bool = True
    """Whether its client takes relayed channels."""
    open: bool = False
    reported: int = 0
    """How many volunteers the client says that it has."""
    unreported: int = 0
    """Volunteers that left with an answer since its last report: most of them are connecting to it."""
    unanswered: int = 0
    """Offers in a row that it left without an answer."""
    pending_offers: int = 0
    """Offers that wait for its answer."""
    cores_wanted: int = 0
    """How many more cores its client says that it could use."""
    outdated: set[str] = field(default_factory=set)
    """Addresses of volunteers that came for it and speak another version."""
    opened: int = 0
    failed: int = 0
    """Connections of which the client says that they opened, or did not."""
    volunteers: dict[str, Volunteer] = field(default_factory=dict)

    @classmethod
    def of(cls, login: Login, client: str) -> Job:
        """Returns the job of a client that logs in on the socket `client`."""
        job = cls(login.job, login.key, client, login.ice_servers)
        job.renew(login)
        return job

    def renew(self, login: Login) -> None:
        """Takes what another login of the same run says."""
        self.ice_servers, self.card = login.ice_servers, login.card
        self.public_key, self.relays = login.client, login.relay

    @property
    def info(self) -> JobInfo:
        """What a volunteer may know before it has this job."""
        return JobInfo(name=self.name, card=self.card, client=self.public_key)

    @property
    def load(self) -> int:
        """How many volunteers this job has, as far as the server can know."""
        return self.reported + self.unreported + len(self.volunteers)

    def would_take(self, volunteer: Volunteer) -> bool:
        """Whether this job may be given to `volunteer`."""
        return self.open and volunteer.wanted in (None, self.name)


@dataclass(slots=True, eq=False)
class Volunteer:
    """A page or a program that lends cores. `wanted` is the job that it named, if it named one."""

    wanted: str | None
    joined: bool = False
    job: Job | None = None
    attempt: int = 0
    """The number of its last offer."""
    pending_offer: bool = False
    """Whether that offer waits for its answer."""
    answered: bool = False
    """Whether the client of its present job has answered it."""
