"""Delivery of events: signed like Stripe's, and as unreliable as a test needs."""

import json
import queue
import threading
import urllib.error
import urllib.request

from stripe import WebhookSignature

SECRET = "whsec_double"


class Webhooks:
    """Events wait until `deliver()`; after `automatic()` a thread delivers each one.

    `waiting` is a plain list: reorder it, drop from it, or look into it.
    """

    def __init__(self, secret=SECRET):
        self.secret = secret
        self.url = None
        self.waiting = []
        self.answers = []  # (type, status) of each delivery; status 0: no answer
        self._outgoing = None

    def to(self, url):
        self.url = url

    def automatic(self):
        """Deliver each event from now on once, in the order of their creation."""
        self._outgoing = queue.Queue()
        for event in self._emptied(self.waiting):
            self._outgoing.put(event)
        threading.Thread(target=self._send_on, daemon=True).start()

    def settled(self):
        """Wait until all automatic deliveries are answered."""
        if self._outgoing is not None:
            self._outgoing.join()

    def stop(self):
        if self._outgoing is not None:
            self._outgoing.put(None)

    def note(self, event):
        if self._outgoing is not None:
            self._outgoing.put(event)
        else:
            self.waiting.append(event)

    def deliver(self, *event_types, times=1, backwards=False):
        """Send waiting events (of these types, or all), each `times` times. Returns the statuses."""
        chosen_events = [event for event in self.waiting if not event_types or event["type"] in event_types]
        self.waiting = [event for event in self.waiting if event not in chosen_events]
        ordered = list(reversed(chosen_events)) if backwards else chosen_events
        return [self.send(event) for event in ordered for _ in range(times)]

    def drop(self, *event_types):
        """Drop waiting events (of these types, or all)."""
        self.waiting = [event for event in self.waiting if event_types and event["type"] not in event_types]

    def signed(self, event, *, at=None, secret=None):
        """Return the raw body and the `Stripe-Signature` header of an event."""
        body = json.dumps(event, ensure_ascii=False)
        return body.encode(), WebhookSignature.generate_signature_header(body, secret or self.secret, at)

    def send(self, event, *, at=None, secret=None):
        """Deliver once. Returns the status of the answer, 0 without one."""
        body, signature = self.signed(event, at=at, secret=secret)
        request = urllib.request.Request(
            self.url,
            body,
            {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status = answer.status
        except urllib.error.HTTPError as refusal:
            status = refusal.code
        except OSError:
            status = 0
        self.answers.append((event["type"], status))
        return status

    def _send_on(self):
        while (event := self._outgoing.get()) is not None:
            self.send(event)
            self._outgoing.task_done()
        self._outgoing.task_done()

    @staticmethod
    def _emptied(events):
        emptied = list(events)
        events.clear()
        return emptied
