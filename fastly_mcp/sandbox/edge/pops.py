"""The sandbox's twenty POPs."""

from typing import NamedTuple


class Pop(NamedTuple):
    code: str
    name: str
    group: str
    region: str
    stats_region: str
    latitude: float
    longitude: float
    label: str
    """As /content/edge_check names it, after the code."""
    is_shield: bool = True

    @property
    def billing_region(self) -> str:
        return BILLING_REGIONS[self.stats_region]

    @property
    def checked_as(self) -> str:
        return f"{self.code.lower()}-{self.label}"

    @property
    def server(self) -> str:
        """The cache node that answers there."""
        return f"cache-{self.code.lower()}10{sum(map(ord, self.code)) % 90 + 10}-{self.code}"


BILLING_REGIONS = {
    "africa_std": "Africa",
    "anzac": "Australia",
    "asia": "Asia",
    "asia_india": "India",
    "europe": "Europe",
    "southamerica_std": "South America",
    "usa": "North America",
}

ASIA = "Asia/Pacific"
LATAM = "Latin America"
USA = "United States"
POPS = (
    Pop("AMS", "Amsterdam", "Europe", "EU-West", "europe", 52.31, 4.77, "amsterdam-nl"),
    Pop("LCY", "London", "Europe", "EU-West", "europe", 51.51, 0.06, "london_city-uk"),
    Pop("FRA", "Frankfurt", "Europe", "EU-Central", "europe", 50.04, 8.56, "frankfurt-de"),
    Pop("CDG", "Paris", "Europe", "EU-West", "europe", 49.01, 2.55, "cdg-par-fr"),
    Pop("MAD", "Madrid", "Europe", "EU-West", "europe", 40.47, -3.56, "madrid-es"),
    Pop("BMA", "Stockholm", "Europe", "EU-East", "europe", 59.35, 17.94, "stockholm-bma"),
    Pop("WAW", "Warsaw", "Europe", "EU-East", "europe", 52.17, 20.97, "warsaw-pl", False),
    Pop("IAD", "Ashburn", USA, "US-East", "usa", 38.94, -77.46, "iad-va-us"),
    Pop("LGA", "New York", USA, "US-East", "usa", 40.78, -73.87, "lga-ny-us"),
    Pop("CHI", "Chicago", USA, "US-Central", "usa", 41.98, -87.9, "chi-il-us"),
    Pop("DFW", "Dallas", USA, "US-Central", "usa", 32.9, -97.04, "dallas-tx-us"),
    Pop("LAX", "Los Angeles", USA, "US-West", "usa", 33.94, -118.41, "lax-ca-us", False),
    Pop("PAO", "Palo Alto", USA, "US-West", "usa", 37.46, -122.12, "pao-ca-us"),
    Pop("YYZ", "Toronto", "Canada", "North-America", "usa", 43.68, -79.63, "toronto-on-ca"),
    Pop("GRU", "São Paulo", LATAM, "South-America", "southamerica_std", -23.4, -46.5, "gru-br-sa"),
    Pop("SYD", "Sydney", ASIA, "APAC", "anzac", -33.95, 151.18, "sydney-au"),
    Pop("NRT", "Tokyo", ASIA, "Asia", "asia", 35.77, 140.39, "tokyo-jp2"),
    Pop("QPG", "Singapore", ASIA, "Asia", "asia", 1.36, 103.91, "singapore-sg"),
    Pop("BOM", "Mumbai", ASIA, "Asia-South", "asia_india", 19.09, 72.87, "mumbai-in"),
    Pop("ACC", "Ghana", "Africa", "AF-West", "africa_std", 5.6, -0.17, "ghana-af", False),
)
