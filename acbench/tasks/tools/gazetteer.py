"""Real cities: name, latitude, longitude, country, metres above the sea, and a size class (1 small .. 4 huge).

Coordinates to a hundredth of a degree and heights to about ten metres: facts, written down for this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from acbench.tasks.tools.matching import haversine

NEAR_KM = 40.0
"""A city's height and size hold this far around it."""


@dataclass(frozen=True, slots=True)
class City:
    name: str
    latitude: float
    longitude: float
    country: str
    elevation: int
    size: int


@cache
def cities() -> tuple[City, ...]:
    """All cities, large ones first, in a fixed order."""
    found = []
    for line in _CITIES.strip().splitlines():
        name, latitude, longitude, country, elevation, size = line.split("|")
        found.append(City(name, float(latitude), float(longitude), country, int(elevation), int(size)))
    return tuple(sorted(found, key=lambda city: (-city.size, city.name, city.country)))


@lru_cache(maxsize=4096)
def nearest(latitude: float, longitude: float) -> City | None:
    """The nearest city within ``NEAR_KM``; None in the open country."""
    near = [
        (haversine(latitude, longitude, city.latitude, city.longitude), city.name, city)
        for city in cities()
        if abs(city.latitude - latitude) < 1
    ]
    best = min(near, default=None, key=lambda entry: entry[:2])
    return best[2] if best is not None and best[0] <= NEAR_KM else None


_CITIES = """
Tokyo|35.69|139.69|JP|40|4
Osaka|34.69|135.50|JP|10|4
Kyoto|35.01|135.77|JP|50|3
Sapporo|43.06|141.35|JP|20|3
Fukuoka|33.59|130.40|JP|10|3
Nagoya|35.18|136.91|JP|20|3
Hiroshima|34.39|132.46|JP|10|2
Sendai|38.27|140.87|JP|40|2
Seoul|37.57|126.98|KR|40|4
Busan|35.18|129.08|KR|10|3
Beijing|39.90|116.41|CN|50|4
Shanghai|31.23|121.47|CN|10|4
Guangzhou|23.13|113.26|CN|20|4
Shenzhen|22.54|114.06|CN|10|4
Chengdu|30.57|104.07|CN|500|4
Wuhan|30.59|114.31|CN|30|4
Xi'an|34.34|108.94|CN|410|4
Harbin|45.80|126.53|CN|150|3
Kunming|25.04|102.71|CN|1890|3
Lhasa|29.65|91.14|CN|3650|2
Urumqi|43.83|87.62|CN|860|3
Hong Kong|22.32|114.17|HK|10|4
Taipei|25.03|121.57|TW|10|3
Ulaanbaatar|47.89|106.91|MN|1300|3
Hanoi|21.03|105.85|VN|10|4
Ho Chi Minh City|10.82|106.63|VN|20|4
Bangkok|13.75|100.50|TH|0|4
Chiang Mai|18.79|98.98|TH|310|2
Phnom Penh|11.56|104.92|KH|10|3
Vientiane|17.97|102.63|LA|170|2
Yangon|16.87|96.20|MM|20|3
Kuala Lumpur|3.14|101.69|MY|60|3
Singapore|1.29|103.85|SG|20|4
Jakarta|-6.21|106.85|ID|10|4
Bandung|-6.92|107.61|ID|770|3
Manila|14.60|120.98|PH|10|4
Cebu City|10.32|123.89|PH|20|2
Delhi|28.65|77.23|IN|220|4
Mumbai|19.07|72.88|IN|10|4
Kolkata|22.57|88.36|IN|10|4
Chennai|13.09|80.28|IN|10|4
Bengaluru|12.97|77.59|IN|920|4
Hyderabad|17.38|78.46|IN|520|4
Hyderabad|25.40|68.37|PK|20|3
Jaipur|26.92|75.79|IN|430|3
Leh|34.16|77.58|IN|3500|1
Shimla|31.10|77.17|IN|2200|1
Karachi|24.86|67.01|PK|10|4
Lahore|31.56|74.35|PK|210|4
Islamabad|33.72|73.04|PK|540|3
Dhaka|23.71|90.41|BD|10|4
Kathmandu|27.70|85.32|NP|1320|3
Thimphu|27.47|89.64|BT|2330|1
Colombo|6.93|79.85|LK|10|2
Kabul|34.53|69.17|AF|1800|3
Tehran|35.69|51.42|IR|1180|4
Isfahan|32.65|51.67|IR|1580|3
Baghdad|33.34|44.40|IQ|40|4
Riyadh|24.69|46.72|SA|610|4
Jeddah|21.54|39.20|SA|10|3
Dubai|25.08|55.31|AE|10|3
Abu Dhabi|24.45|54.40|AE|10|3
Doha|25.29|51.53|QA|10|2
Kuwait City|29.37|47.98|KW|10|3
Muscat|23.58|58.41|OM|10|2
Sanaa|15.35|44.21|YE|2250|3
Amman|31.96|35.95|JO|780|3
Beirut|33.89|35.50|LB|60|2
Damascus|33.51|36.29|SY|690|3
Jerusalem|31.77|35.22|IL|780|2
Tel Aviv|32.08|34.78|IL|10|2
Istanbul|41.01|28.95|TR|40|4
Ankara|39.92|32.85|TR|890|3
Izmir|38.41|27.14|TR|30|3
Tbilisi|41.69|44.83|GE|490|2
Yerevan|40.18|44.51|AM|990|2
Baku|40.38|49.89|AZ|0|3
Almaty|43.25|76.93|KZ|790|3
Tashkent|41.26|69.22|UZ|460|3
Bishkek|42.87|74.59|KG|770|2
Moscow|55.75|37.62|RU|150|4
Saint Petersburg|59.94|30.31|RU|10|4
Kazan|55.79|49.12|RU|60|3
Novosibirsk|55.04|82.93|RU|150|3
Yekaterinburg|56.85|60.61|RU|250|3
Irkutsk|52.30|104.30|RU|440|2
Yakutsk|62.03|129.73|RU|100|1
Vladivostok|43.11|131.87|RU|40|2
Kyiv|50.45|30.52|UA|170|3
Lviv|49.84|24.02|UA|290|2
Odesa|46.48|30.73|UA|50|2
Minsk|53.90|27.57|BY|220|3
Warsaw|52.23|21.01|PL|110|3
Krakow|50.06|19.94|PL|220|2
Gdansk|54.35|18.65|PL|10|2
Prague|50.09|14.42|CZ|200|3
Brno|49.20|16.61|CZ|220|1
Bratislava|48.15|17.11|SK|150|1
Vienna|48.21|16.37|AT|170|3
Salzburg|47.80|13.04|AT|430|1
Innsbruck|47.26|11.39|AT|570|1
Graz|47.07|15.44|AT|360|1
Budapest|47.50|19.04|HU|110|3
Bucharest|44.43|26.11|RO|80|3
Cluj-Napoca|46.77|23.60|RO|350|1
Sofia|42.70|23.32|BG|560|3
Belgrade|44.80|20.47|RS|110|3
Zagreb|45.81|15.98|HR|130|2
Split|43.51|16.44|HR|20|1
Ljubljana|46.05|14.51|SI|300|1
Sarajevo|43.85|18.36|BA|540|1
Skopje|42.00|21.43|MK|250|1
Tirana|41.33|19.82|AL|110|1
Athens|37.98|23.73|GR|70|3
Thessaloniki|40.64|22.94|GR|20|2
Rome|41.89|12.51|IT|40|3
Milan|45.46|9.19|IT|120|3
Venice|45.44|12.33|IT|0|1
Naples|40.85|14.27|IT|20|3
Turin|45.07|7.69|IT|240|2
Florence|43.78|11.25|IT|50|1
Palermo|38.12|13.36|IT|10|2
Bologna|44.49|11.34|IT|50|1
Zurich|47.37|8.55|CH|410|2
Geneva|46.20|6.15|CH|380|1
Bern|46.95|7.45|CH|540|1
Basel|47.56|7.57|CH|260|1
Zermatt|46.02|7.75|CH|1610|1
Paris|48.85|2.35|FR|40|4
Lyon|45.75|4.85|FR|170|2
Marseille|43.30|5.38|FR|30|2
Nice|43.70|7.27|FR|10|1
Toulouse|43.60|1.44|FR|150|2
Bordeaux|44.84|-0.58|FR|20|1
Strasbourg|48.58|7.75|FR|140|1
Lille|50.63|3.06|FR|20|1
Brussels|50.85|4.35|BE|20|2
Antwerp|51.22|4.40|BE|10|2
Amsterdam|52.37|4.89|NL|10|2
Rotterdam|51.92|4.48|NL|0|2
Luxembourg|49.61|6.13|LU|280|1
London|51.51|-0.13|GB|20|4
London|42.98|-81.23|CA|250|1
Manchester|53.48|-2.24|GB|40|2
Manchester|42.99|-71.45|US|80|1
Birmingham|52.48|-1.90|GB|140|3
Birmingham|33.52|-86.80|US|190|1
Edinburgh|55.95|-3.20|GB|50|1
Glasgow|55.87|-4.25|GB|40|2
Cardiff|51.48|-3.18|GB|10|1
Belfast|54.60|-5.93|GB|10|1
Cambridge|52.20|0.12|GB|20|1
Cambridge|42.38|-71.11|US|10|1
Oxford|51.75|-1.26|GB|60|1
Dublin|53.33|-6.25|IE|20|2
Cork|51.90|-8.47|IE|10|1
Reykjavik|64.14|-21.90|IS|40|1
Berlin|52.52|13.41|DE|40|3
Hamburg|53.58|10.02|DE|10|3
Munich|48.14|11.58|DE|520|3
Cologne|50.93|6.95|DE|60|3
Frankfurt|50.12|8.68|DE|110|2
Stuttgart|48.78|9.18|DE|250|2
Dresden|51.05|13.74|DE|120|2
Leipzig|51.34|12.37|DE|120|2
Nuremberg|49.45|11.08|DE|310|2
Bremen|53.08|8.81|DE|10|2
Copenhagen|55.68|12.57|DK|10|2
Aarhus|56.16|10.21|DK|10|1
Oslo|59.91|10.75|NO|20|2
Bergen|60.39|5.32|NO|10|1
Tromso|69.65|18.96|NO|10|1
Stockholm|59.33|18.07|SE|20|3
Gothenburg|57.71|11.97|SE|10|2
Kiruna|67.86|20.23|SE|530|1
Helsinki|60.17|24.94|FI|20|2
Tampere|61.50|23.79|FI|110|1
Rovaniemi|66.50|25.72|FI|90|1
Tallinn|59.44|24.75|EE|20|1
Riga|56.95|24.11|LV|10|2
Vilnius|54.69|25.28|LT|120|2
Madrid|40.42|-3.70|ES|660|3
Barcelona|41.39|2.16|ES|20|3
Valencia|39.47|-0.38|ES|20|2
Seville|37.38|-5.97|ES|10|2
Granada|37.19|-3.61|ES|690|1
Bilbao|43.26|-2.93|ES|20|1
Lisbon|38.72|-9.13|PT|50|2
Porto|41.15|-8.61|PT|90|1
Valletta|35.90|14.51|MT|50|1
Cairo|30.06|31.25|EG|20|4
Alexandria|31.20|29.92|EG|10|4
Alexandria|38.80|-77.05|US|10|1
Tunis|36.82|10.17|TN|10|3
Algiers|36.75|3.06|DZ|10|3
Casablanca|33.59|-7.61|MA|30|4
Marrakesh|31.63|-8.00|MA|460|3
Tripoli|32.89|13.19|LY|20|3
Tripoli|34.44|35.84|LB|10|1
Khartoum|15.55|32.53|SD|380|4
Addis Ababa|9.02|38.75|ET|2400|4
Nairobi|-1.29|36.82|KE|1680|4
Mombasa|-4.05|39.66|KE|20|3
Kampala|0.32|32.58|UG|1200|3
Kigali|-1.95|30.06|RW|1560|2
Dar es Salaam|-6.82|39.27|TZ|20|4
Lagos|6.45|3.39|NG|10|4
Abuja|9.06|7.49|NG|480|3
Accra|5.56|-0.20|GH|30|3
Dakar|14.69|-17.44|SN|20|3
Abidjan|5.35|-4.00|CI|20|4
Kinshasa|-4.33|15.31|CD|280|4
Luanda|-8.84|13.23|AO|70|4
Lusaka|-15.41|28.29|ZM|1280|3
Harare|-17.83|31.05|ZW|1490|3
Maputo|-25.97|32.58|MZ|60|3
Windhoek|-22.56|17.08|NA|1660|1
Johannesburg|-26.20|28.04|ZA|1770|4
Cape Town|-33.93|18.42|ZA|20|4
Durban|-29.86|31.03|ZA|20|3
Antananarivo|-18.91|47.54|MG|1280|3
New York|40.71|-74.01|US|10|4
Los Angeles|34.05|-118.24|US|90|4
Chicago|41.85|-87.65|US|180|4
Houston|29.76|-95.36|US|30|3
Phoenix|33.45|-112.07|US|340|3
Philadelphia|39.95|-75.16|US|10|3
San Antonio|29.42|-98.49|US|200|3
San Diego|32.72|-117.16|US|20|3
Dallas|32.78|-96.81|US|130|3
Austin|30.27|-97.74|US|150|2
San Francisco|37.77|-122.42|US|20|2
Seattle|47.61|-122.33|US|60|2
Denver|39.74|-104.98|US|1600|2
Washington|38.90|-77.04|US|20|2
Boston|42.36|-71.06|US|40|2
Boston|52.98|-0.02|GB|10|1
Nashville|36.17|-86.78|US|170|2
Detroit|42.33|-83.05|US|190|2
Portland|45.52|-122.68|US|20|2
Portland|43.66|-70.26|US|20|1
Las Vegas|36.17|-115.14|US|610|2
Memphis|35.15|-90.05|US|80|2
Baltimore|39.29|-76.61|US|30|2
Milwaukee|43.04|-87.91|US|190|2
Albuquerque|35.08|-106.65|US|1510|2
Tucson|32.22|-110.93|US|730|2
Sacramento|38.58|-121.49|US|10|2
Kansas City|39.10|-94.58|US|280|2
Atlanta|33.75|-84.39|US|320|2
Miami|25.77|-80.19|US|10|2
Orlando|28.54|-81.38|US|30|1
Tampa|27.95|-82.46|US|10|1
Minneapolis|44.98|-93.26|US|260|2
New Orleans|29.95|-90.08|US|0|1
Cleveland|41.50|-81.70|US|200|1
Pittsburgh|40.44|-80.00|US|230|1
Cincinnati|39.13|-84.51|US|170|1
St. Louis|38.63|-90.20|US|140|1
Salt Lake City|40.76|-111.89|US|1300|1
Anchorage|61.22|-149.90|US|30|1
Fairbanks|64.84|-147.72|US|130|1
Honolulu|21.31|-157.86|US|20|1
Charlotte|35.23|-80.84|US|230|2
Asheville|35.60|-82.55|US|650|1
Richmond|37.55|-77.46|US|50|1
Boise|43.61|-116.20|US|820|1
Billings|45.78|-108.50|US|950|1
Santa Fe|35.69|-105.94|US|2130|1
Santa Fe|-31.63|-60.70|AR|20|1
Flagstaff|35.20|-111.65|US|2110|1
Aspen|39.19|-106.82|US|2410|1
Vail|39.64|-106.37|US|2490|1
Leadville|39.25|-106.29|US|3090|1
Burlington|44.48|-73.21|US|60|1
Burlington|43.39|-79.84|CA|100|1
Toronto|43.70|-79.42|CA|90|4
Montreal|45.51|-73.59|CA|30|3
Vancouver|49.25|-123.12|CA|20|2
Vancouver|45.64|-122.66|US|50|1
Calgary|51.05|-114.09|CA|1050|3
Edmonton|53.55|-113.47|CA|670|2
Ottawa|45.41|-75.70|CA|70|2
Winnipeg|49.88|-97.15|CA|240|2
Quebec|46.81|-71.21|CA|50|1
Halifax|44.65|-63.57|CA|20|1
Whitehorse|60.72|-135.06|CA|640|1
Mexico City|19.43|-99.13|MX|2240|4
Guadalajara|20.67|-103.34|MX|1570|3
Monterrey|25.67|-100.31|MX|540|3
Cancun|21.17|-86.85|MX|10|2
Havana|23.13|-82.38|CU|30|3
San Jose|37.34|-121.89|US|30|2
San Jose|9.93|-84.08|CR|1170|2
Panama City|8.99|-79.52|PA|10|2
Panama City|30.16|-85.66|US|10|1
Guatemala City|14.64|-90.51|GT|1500|3
Kingston|18.00|-76.79|JM|10|2
Kingston|44.23|-76.48|CA|90|1
Santo Domingo|18.47|-69.89|DO|20|3
Bogota|4.61|-74.08|CO|2580|4
Medellin|6.25|-75.56|CO|1490|3
Medellin|11.13|123.96|PH|10|1
Cali|3.44|-76.52|CO|1000|3
Caracas|10.49|-66.88|VE|890|3
Quito|-0.23|-78.52|EC|2850|3
Guayaquil|-2.20|-79.89|EC|10|3
Lima|-12.04|-77.03|PE|150|4
Cusco|-13.52|-71.97|PE|3400|2
La Paz|-16.50|-68.15|BO|3640|3
La Paz|24.14|-110.31|MX|20|1
Santiago|-33.46|-70.65|CL|560|4
Valparaiso|-33.04|-71.63|CL|20|1
Buenos Aires|-34.61|-58.38|AR|30|4
Cordoba|-31.41|-64.18|AR|390|3
Cordoba|37.89|-4.77|ES|120|1
Mendoza|-32.89|-68.83|AR|750|1
Ushuaia|-54.81|-68.30|AR|20|1
Montevideo|-34.90|-56.19|UY|30|3
Asuncion|-25.29|-57.65|PY|110|2
Sao Paulo|-23.55|-46.64|BR|770|4
Rio de Janeiro|-22.91|-43.18|BR|10|4
Brasilia|-15.78|-47.93|BR|1130|4
Salvador|-12.98|-38.49|BR|10|3
Manaus|-3.10|-60.02|BR|50|3
Recife|-8.05|-34.88|BR|10|3
Sydney|-33.87|151.21|AU|60|4
Melbourne|-37.81|144.96|AU|20|4
Melbourne|28.08|-80.61|US|10|1
Brisbane|-27.47|153.03|AU|30|3
Perth|-31.95|115.86|AU|20|3
Perth|56.40|-3.43|GB|10|1
Adelaide|-34.93|138.60|AU|50|3
Hobart|-42.88|147.33|AU|10|1
Darwin|-12.46|130.84|AU|40|1
Canberra|-35.28|149.13|AU|580|1
Alice Springs|-23.70|133.88|AU|580|1
Auckland|-36.85|174.76|NZ|30|2
Wellington|-41.29|174.78|NZ|20|1
Christchurch|-43.53|172.63|NZ|20|1
Queenstown|-45.03|168.66|NZ|330|1
Suva|-18.14|178.44|FJ|10|1
"""
