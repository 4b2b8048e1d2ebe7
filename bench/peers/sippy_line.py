"""sippy as the line of `callwright bench sip`: the same calls, measured the same way. Runs in .venv-peers (`make peers`), not in ours.

    sippy_line.py callee PORT                       answers every call; ends when a line comes on stdin
    sippy_line.py caller PORT PEER_PORT RATE CALLS  places calls, hangs each up when it is answered

Prints `ready`, then one line of JSON: processor time, calls completed and failed, seconds.
"""

import json
import sys
import threading
import time

from sippy.CCEvents import CCEventConnect, CCEventTry
from sippy.Core.EventDispatcher import ED2
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipTransactionManager import SipTransactionManager
from sippy.Time.Timeout import Timeout
from sippy.UA import UA

HOST = "127.0.0.1"
SDP = (
    f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
)
STEP_S = 0.01
LINGER_S = 1.0


class NoLog:
    """sippy wants something it can write every message to."""

    def write(self, *_parts, **_more):
        pass


class Line:
    def __init__(self, port):
        self.config = {"_sip_address": HOST, "_sip_port": port, "_sip_logger": NoLog(), "nh_addr": None}
        self.config["_sip_tm"] = SipTransactionManager(self.config, self.request)
        self.completed = self.failed = 0
        self.began = self.seconds = 0.0

    def body(self):
        body = MsgBody(SDP)
        body.needs_update = False
        return body

    def done(self, *_what):
        self.completed += 1

    def bad(self, *_what):
        self.failed += 1

    # ------------------------------------------------------------ callee

    def request(self, req, sip_t):
        if req.getMethod() != "INVITE" or req.getHFBody("to").getTag():
            return (req.genResponse(481, "Call/Transaction Does Not Exist"), None, None)
        if not self.began:
            self.began = time.monotonic()
        ua = UA(self.config, event_cb=self.called, disc_cbs=(self.done,), fail_cbs=(self.bad,))
        return ua.recvRequest(req, sip_t)

    def called(self, event, ua):
        if isinstance(event, CCEventTry):
            ua.recvEvent(CCEventConnect((200, "OK", self.body())))

    # ------------------------------------------------------------ caller

    def place(self, peer):
        ua = UA(self.config, event_cb=self.answered, nh_address=peer, disc_cbs=(self.done,), fail_cbs=(self.bad,))
        ua.recvEvent(CCEventTry((SipCallId(), "861085550000", "8613900000001", self.body(), None, None)))

    def answered(self, event, ua):
        if isinstance(event, CCEventConnect):
            Timeout(ua.disconnect, 0, 1)  # the ACK goes out behind this event; a BYE sent now would go before it

    def dial(self, peer, rate, calls):
        self.began, placed = time.monotonic(), 0

        def step():
            nonlocal placed
            due = min(calls, int((time.monotonic() - self.began) * rate) + 1)
            while placed < due:
                placed += 1
                self.place(peer)
            if self.completed + self.failed >= calls or time.monotonic() - self.began > calls / rate + 40:
                timer.cancel()
                self.seconds = time.monotonic() - self.began
                Timeout(ED2.breakLoop, LINGER_S, 1)  # the last BYE is still with the thread that sends

        timer = Timeout(step, STEP_S, -1)


def main():
    role, port = sys.argv[1], int(sys.argv[2])
    line = Line(port)
    if role == "caller":
        line.dial((HOST, int(sys.argv[3])), float(sys.argv[4]), int(sys.argv[5]))
    else:
        stop = threading.Thread(target=lambda: (sys.stdin.readline(), ED2.callFromThread(ED2.breakLoop)), daemon=True)
        stop.start()
    cpu = time.process_time()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ED2.loop()
    found = {
        "cpu_s": time.process_time() - cpu,
        "completed": line.completed,
        "failed": line.failed,
        "seconds": line.seconds or time.monotonic() - line.began,
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
