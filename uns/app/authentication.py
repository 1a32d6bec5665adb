"""How does the broker ask who a client is, without waiting for a password to be verified?"""

import asyncio

from uns.broker import Answer, Credentials, Granted
from uns.errors import Finding
from uns.security import Authenticator, Identity


class Authentication:
    """The authenticator as the broker asks it: at once with a certificate or without a password, in a task of its own
    with one."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Leave the passwords that are being verified unanswered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __call__(self, credentials: Credentials, answer: Answer) -> None:
        if credentials.certified is not None:
            answer(_granted(self._authenticator.certified(credentials.certified)))
            return
        if credentials.username is None and credentials.password is None:
            answer(_granted(self._authenticator.authenticate(None, None, credentials.address)))
            return
        task = asyncio.create_task(self._verify(credentials, answer), name=f"password of {credentials.client_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify(self, credentials: Credentials, answer: Answer) -> None:
        identity = await self._authenticator.authenticate_soon(
            credentials.username, credentials.password, credentials.address
        )
        answer(_granted(identity))


def _granted(identity: Identity | Finding) -> Granted | Finding:
    return identity if isinstance(identity, Finding) else Granted(identity.user, identity.role)
