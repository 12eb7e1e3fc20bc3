//! The kinds of things in a house: the look of an item, apart from its class and size.

use serde::{Deserialize, Serialize};

/// How a thing looks; its box comes from the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Seat, back, arms, cushions.
    Sofa,
    /// Padded chair with arms.
    Armchair,
    /// Four legs, seat, back.
    Chair,
    /// Seat on legs.
    Stool,
    /// Frame, mattress, headboard, pillows, blanket.
    Bed,
    /// Doors over the whole front.
    Wardrobe,
    /// Doors and drawers, standing.
    Cabinet,
    /// Drawers.
    Dresser,
    /// Low and wide, with compartments.
    TvCabinet,
    /// Open shelves with books.
    Bookcase,
    /// Top and legs.
    Table,
    /// Top, legs, drawer block.
    Desk,
    /// Kitchen base cabinet with worktop.
    Counter,
    /// Counter with basin and tap (the box holds the tap).
    SinkCounter,
    /// Oven with hob.
    Stove,
    /// Refrigerator.
    Refrigerator,
    /// Cabinet on the wall.
    WallCabinet,
    /// Range hood.
    RangeHood,
    /// Microwave oven.
    Microwave,
    /// Washing machine.
    WashingMachine,
    /// Toilet.
    Toilet,
    /// Wash basin with cabinet or foot.
    Basin,
    /// Bath tub.
    Tub,
    /// Shower cabin of glass.
    ShowerCabin,
    /// Framed picture.
    Painting,
    /// Mirror.
    Mirror,
    /// Television, hung or standing.
    Tv,
    /// Monitor on a foot.
    Monitor,
    /// Hanging cloth.
    Curtain,
    /// Rug.
    Rug,
    /// Lamp under the ceiling.
    CeilingLamp,
    /// Lamp hanging from the ceiling.
    Chandelier,
    /// Lamp on a pole.
    FloorLamp,
    /// Pot with leaves.
    Plant,
    /// Air conditioner on the wall.
    AirConditioner,
    /// Coat rack with coats.
    CoatRack,
    /// Small shelf or panel on a wall.
    WallDecoration,
    /// Stack of books (clutter).
    Books,
    /// Bottle or vase (clutter).
    Bottle,
    /// Cup or bowl (clutter).
    Cup,
    /// Cardboard box (clutter).
    Carton,
    /// Bag, heap of clothes (clutter).
    Bag,
    /// Waste bin (clutter).
    Bin,
    /// Table lamp (clutter).
    TableLamp,
    /// Heater under a window (clutter).
    Radiator,
    /// A person (clutter of scans).
    Person,
}
