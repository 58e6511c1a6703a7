"""The proper names of the simulated world; all six domains draw on them."""

from __future__ import annotations

CITIES = ("Turin", "Bern", "Lyon", "Ghent", "Porto", "Graz", "Leeds", "Malmo", "Riga", "Split")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PEOPLE = ("Ann Weber", "Boris Lang", "Carla Mota", "Derek Stone", "Elin Berg", "Farid Noor", "Gina Russo")
TIMES = ("07:30", "09:15", "11:00", "13:45", "16:20", "18:05")
DISHES = {
    "lentil soup": ("lentils", "carrots", "onions", "stock"),
    "apple cake": ("apples", "flour", "butter", "eggs"),
    "potato salad": ("potatoes", "mustard", "chives", "vinegar"),
    "mushroom risotto": ("rice", "mushrooms", "parmesan", "stock"),
    "fish pie": ("cod", "potatoes", "milk", "leeks"),
    "bread pudding": ("flour", "eggs", "milk", "sugar"),
    "tomato pasta": ("spaghetti", "tomatoes", "garlic", "basil"),
}
BOOKS = (
    ("The Salt Road", "Irma Vale"),
    ("Night Ferry", "Otto Brandt"),
    ("A Field of Clocks", "June Harlow"),
    ("The Glass Orchard", "Teo Marin"),
    ("Letters to the Tide", "Nora Finch"),
    ("The Ninth Bridge", "Pavel Hruby"),
    ("Winter Arithmetic", "Lena Oake"),
)
BEDS = ("north bed", "south bed", "herb bed", "rose bed", "kitchen bed")
PLANTS = ("tomato", "basil", "rose", "bean", "lavender", "pumpkin", "thyme")
PRODUCTS = ("desk lamp", "kettle", "backpack", "rain jacket", "headphones", "office chair", "water bottle")
CURRENCIES = ("EUR", "CHF", "GBP", "SEK")
ACCOUNTS = ("household", "savings", "holiday")
