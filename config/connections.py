"""urllib3's connections, as requests and boto3 use them, closed at the deadline of their call (`outside.call`)."""

import socket
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from config import outside

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection as _Base
else:
    _Base = object


class Cuttable(_Base):
    """Mixed into a connection of urllib3. A call may use one that an earlier call has opened and left open."""

    def _new_conn(self) -> socket.socket:
        lines = outside.lines()
        if lines is None:
            return super()._new_conn()
        # One address after the other, of what urllib3 would try, but each only while there is time.
        host, patience, problem = self._dns_host, self.timeout, None
        try:
            found = outside.look_up(lambda: socket.getaddrinfo(host.strip("[]"), self.port, type=socket.SOCK_STREAM))
        except socket.gaierror as error:
            raise NameResolutionError(host, self, error) from error
        try:
            for *_, address in found:
                self._dns_host = str(address[0])
                self.timeout = min(lines.left, patience) if isinstance(patience, int | float) else lines.left
                try:
                    opened = super()._new_conn()
                except HTTPError as error:
                    problem = error
                    continue
                lines.hold(opened)  # before TLS shakes hands
                return opened
        finally:
            self._dns_host, self.timeout = host, patience
        raise problem or NewConnectionError(self, "no address")

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _hold(self.sock)
        super().putrequest(*args, **kwargs)


def _hold(connection: socket.socket) -> None:
    lines = outside.lines()
    if lines is not None:
        lines.hold(connection)


class _Connection(Cuttable, HTTPConnection):
    pass


class _TlsConnection(Cuttable, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS = {"http": _Pool, "https": _TlsPool}  # a PoolManager's `pool_classes_by_scheme`
