"""Approvals: the key that decisions are signed with, and how a person's terminal gets it."""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
import sys
from dataclasses import replace
from pathlib import Path

import anyio

from fastly_mcp.errors import GuardFailed, NotPermitted
from fastly_mcp.guard.plans import TO_DECIDE, TO_USE, Plan
from fastly_mcp.guard.processes import is_alive
from fastly_mcp.guard.signatures import allowed_signers, known_signers, signer

WAIT = 5.0  # seconds for either side of the socket
LONGEST_PATH = 100  # bytes of a socket's path, a little below what systems take


class Approvals:
    """One serving process's key. Plans are decided under it, and end with it.

    With a state directory the process gives the key to whoever can open its socket there, which
    is this user: `fastly-mcp approve` signs with it. A row written into the store by hand is
    signed by nobody.
    """

    def __init__(self, state_dir: Path | None, approvers: Path | None = None) -> None:
        self.approvers = approvers
        self._known = known_signers(approvers) if approvers else frozenset()
        self.key = secrets.token_bytes(32)
        self.process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._state_dir = state_dir
        self._server: asyncio.Server | None = None
        self._opening = anyio.Lock()
        self._made: dict[str, tuple[float, str]] = {}
        self._signers: dict[str, tuple[str, str, str]] = {}

    def remember(self, plan: Plan) -> None:
        """Keep what a new plan is, whatever becomes of its row in the store."""
        oldest = plan.made_at - TO_DECIDE - TO_USE
        self._made = {code: made for code, made in self._made.items() if made[0] > oldest}
        self._made[plan.code] = plan.made_at, plan.digest
        self._signers = {code: by for code, by in self._signers.items() if code in self._made}

    def made(self, plan: Plan) -> bool:
        """Tell whether this process made a plan, just so, and has not carried it out."""
        return self._made.get(plan.code, (0.0, ""))[1] == plan.digest

    def forget(self, plan: Plan) -> None:
        """Never carry a plan out again."""
        self._made.pop(plan.code, None)

    def needs_signatures(self) -> bool:
        """Tell whether only signed approvals count. Raises GuardFailed if none could."""
        if self.approvers:
            allowed_signers(self.approvers, self._known)
        return self.approvers is not None

    def verify(self, plan: Plan) -> None:
        """Find out who signed a plan's approval, where that counts.

        It may take seconds, so it comes before the transaction in which the plan is used. Raises
        NotPermitted if no approver signed it, GuardFailed if that cannot be found out.
        """
        if self.approvers and plan.decision and plan.decision.approved:
            by = signer(plan, allowed_signers(self.approvers, self._known))
            self._signers[plan.code] = plan.digest, plan.decision.signature, by

    def signed(self, plan: Plan) -> Plan:
        """Return an approved plan, by who signed it where that counts.

        Raises NotPermitted if it is not as it was verified.
        """
        if self.approvers is None or plan.decision is None:
            return plan
        *verified, by = self._signers.pop(plan.code, ("", "", ""))
        if verified != [plan.digest, plan.decision.signature]:
            raise NotPermitted("The approval's signature changed meanwhile. Nothing was sent.")
        return plan.sealed(self.key, replace(plan.decision, by=by, how="signature"))

    @property
    def can_be_commanded(self) -> bool:
        """Tell whether `fastly-mcp approve` can reach this process."""
        return self._state_dir is not None and hasattr(socket, "AF_UNIX")

    async def listen(self) -> None:
        """Open the socket, once. Raises GuardFailed if that cannot be."""
        if self._state_dir is None or not self.can_be_commanded:
            return
        path = socket_path(self._state_dir, self.process)
        async with self._opening:
            if self._server and path.exists():
                return
            if self._server:
                # Somebody tidied up; a new one is made.
                self._server.close()
            try:
                self._server = await asyncio.start_unix_server(self._give, path)
                path.chmod(0o600)
                _sweep(self._state_dir)
            except OSError as error:
                raise GuardFailed(
                    f"{path}, through which approvals come, cannot be opened ({error.strerror})."
                ) from None

    def close(self) -> None:
        if self._server and self._state_dir:
            self._server.close()
            socket_path(self._state_dir, self.process).unlink(missing_ok=True)
            self._server = None

    async def _give(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_ours(writer.get_extra_info("socket")):
                writer.write(self.key)
                async with asyncio.timeout(WAIT):
                    await writer.drain()
        finally:
            writer.close()


def socket_path(state_dir: Path, process: str) -> Path:
    """Return where a serving process listens."""
    path = state_dir / f"{process}.sock"
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise GuardFailed(
            f"The path of the state directory {state_dir} is too long for a socket in it; set "
            "FASTLY_MCP_STATE_DIR to a shorter one."
        )
    return path


def key_of(state_dir: Path, process: str) -> bytes:
    """Return a serving process's key. Raises NotPermitted if that process does not answer."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.settimeout(WAIT)
        try:
            asking.connect(os.fspath(socket_path(state_dir, process)))
            key = b""
            while part := asking.recv(64):
                key += part
        except TimeoutError:
            raise NotPermitted(
                f"The server that asked for this has not answered for {WAIT:g} s."
            ) from None
        except OSError:
            raise NotPermitted(
                "The server that asked for this has ended, and its plans with it; the agent has "
                "to ask again."
            ) from None
    if len(key) != 32:
        raise NotPermitted("The server that asked for this gave no key.")
    return key


def _sweep(state_dir: Path) -> None:
    """Remove the sockets of processes that were killed. Raises OSError."""
    for path in state_dir.glob("*-*.sock"):
        pid = path.name.partition("-")[0]
        if pid.isdecimal() and not is_alive(int(pid)):
            path.unlink(missing_ok=True)


def _is_ours(connection: socket.socket) -> bool:
    """Tell whether the same user is at the other end, where the system says so."""
    if sys.platform != "linux":  # pragma: no cover  # the directory's mode is what there is
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, uid, _ = struct.unpack("3i", credentials)
    return bool(uid == os.geteuid())
