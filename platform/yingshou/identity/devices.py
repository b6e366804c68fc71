"""Devices and addresses as people recognise them: "Chrome · Windows", "198.51.•.•"."""

import ipaddress

# In this order: many browsers also name those they descend from.
_BROWSERS = (
    ("MicroMessenger", "微信 WeChat"), ("QQBrowser", "QQ Browser"), ("360SE", "360"), ("HuaweiBrowser", "Huawei Browser"), ("Edg", "Edge"),
    ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip
_NETWORK_BITS = {4: 24, 6: 48}


def label_of(user_agent: str) -> str:
    """Browser and system by name; empty where the browser says nothing we know."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)


def masked(address: str) -> str:
    """An address whose end is hidden: enough to recognise one's office, too little to find a person."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return ".".join([*str(found).split(".")[:2], "•", "•"])
    return ":".join([*found.exploded.split(":")[:2], "•"])


def network_of(address: str) -> str:
    """The network an address lies in: 256 addresses of IPv4, one site of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{address}/{_NETWORK_BITS[found.version]}", strict=False))
