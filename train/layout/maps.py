"""The maps that the network puts out: names, channels, classes. One cell is 10 cm (two pillars).

Positions are offsets from the middle of a cell, in cells; lengths are logarithms of metres; heights
of centres are metres; directions are (cos 2a, sin 2a), the front of a box is (cos a, sin a) of its yaw.
"""

STRIDE = 2
GRID_M = 0.05 * STRIDE

# The 59 classes of the layout language (src/scene/classes.rs); classes that no data show stay silent.
CLASSES = (
    "sofa", "chair", "dining_chair", "bar_chair", "stool", "bed", "pillow", "wardrobe", "nightstand", "tv_cabinet",
    "wine_cabinet", "bathroom_cabinet", "shoe_cabinet", "entrance_cabinet", "decorative_cabinet", "washing_cabinet",
    "wall_cabinet", "sideboard", "cupboard", "coffee_table", "dining_table", "side_table", "dressing_table", "desk",
    "integrated_stove", "gas_stove", "range_hood", "micro-wave_oven", "sink", "stove", "refrigerator", "hand_sink",
    "shower", "shower_room", "toilet", "tub", "illumination", "chandelier", "floor-standing_lamp", "wall_decoration",
    "painting", "curtain", "carpet", "plants", "potted_bonsai", "tv", "computer", "air_conditioner", "washing_machine",
    "clothes_rack", "mirror", "bookcase", "cushion", "bar", "screen", "combination_sofa", "dining_table_combination",
    "leisure_table_and_chair_combination", "multifunctional_combination_bed",
)
# Boxes whose centres may share a place in plan are described by different channels: what stands on
# the floor (0), what hangs on walls or stands on furniture (1), ceilings and floor coverings (2).
UPPER = ("wall_cabinet", "range_hood", "micro-wave_oven", "wall_decoration", "painting", "curtain", "potted_bonsai",
         "tv", "computer", "mirror", "pillow", "cushion", "gas_stove")
COVERING = ("illumination", "chandelier", "carpet", "air_conditioner")
LAYERS = 3
LAYER_OF = tuple(1 if name in UPPER else 2 if name in COVERING else 0 for name in CLASSES)

# Channels of one layer of boxes, of the openings, of the walls, of the corners.
BOX = {"offset": slice(0, 2), "z": slice(2, 3), "size": slice(3, 6), "axis": slice(6, 8), "front": slice(8, 10),
       "overlap": slice(10, 11)}
OPENING = {"offset": slice(0, 2), "z": slice(2, 3), "size": slice(3, 5), "axis": slice(5, 7), "overlap": slice(7, 8)}
WALL = {"offset": slice(0, 2), "axis": slice(2, 4), "height": slice(4, 5), "thickness": slice(5, 6)}
BOX_CHANNELS, OPENING_CHANNELS, WALL_CHANNELS = 11, 8, 6

# Outputs in order, with their channels; the scale is put out at an eighth of the resolution:
# the logarithm of the cloud's scale over the true one, its weight (before softplus), log sigma.
OUTPUTS = {
    "interior": 1, "wall_heat": 1, "wall": WALL_CHANNELS, "corner_heat": 1, "corner": 2,
    "opening_heat": 2, "opening": OPENING_CHANNELS,
    "box_heat": len(CLASSES), "box": LAYERS * BOX_CHANNELS,
    "scale": 3,
}
