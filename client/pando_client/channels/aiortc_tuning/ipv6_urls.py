"""Addresses of IPv6 in the URLs of STUN and TURN servers (RFC 7064 and 7065), which aiortc takes for malformed."""

from __future__ import annotations

import re

import aiortc.rtcicetransport

REST = r"(\:(?P<port>[0-9]+?))?(\?transport=(?P<transport>.*))?"
# Behind a bracket all up to the next one, otherwise all up to a colon.
HOST = r"\:\[?(?P<host>(?<=\[)[0-9A-Fa-f:.%]+(?=\])|[^?:\[\]]+)\]?"

aiortc.rtcicetransport.STUN_REGEX = re.compile(rf"(?P<scheme>stun|stuns){HOST}{REST}")
aiortc.rtcicetransport.TURN_REGEX = re.compile(rf"(?P<scheme>turn|turns){HOST}{REST}")
