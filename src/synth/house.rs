//! A synthetic furnished flat: `(seed, options) -> House`, and what it is in the program's terms.
//!
//! A [`House`] is a floor plan with its items; it gives the exact [`Layout`] (truth) and a
//! [`Draft`] (so that `physics` can make a scene of it). Walls are centre lines with thickness,
//! split where partitions meet them. It is consistent by construction: boxes apart by
//! [`super::placement::CLEARANCE_M`], supported, inside their room, rooms closed. Scene frame:
//! Z up, metres, floor at z = 0.

use super::catalog::{self, Catalog, MeshSplit};
use super::furnish::furnish;
use super::furniture;
use super::mesh::{Builder, Mesh};
use super::placement::{Item, Mount, Placer};
use super::plan::{FloorPlan, PlanOptions, RoomKind};
use super::shell;
use crate::layout::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};
use crate::math::wrap_angle;
use crate::scene::model::Source;
use crate::scene::{BoxEntity, Layout, OpeningEntity, OpeningKind, WallEntity};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What kind of house to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HouseOptions {
    /// Fewest rooms.
    pub min_rooms: usize,
    /// Most rooms (at most 6).
    pub max_rooms: usize,
    /// Exactly these rooms, the one with the entrance first; empty: drawn by number.
    pub rooms: Vec<RoomKind>,
    /// Share of houses with oblique walls or chamfered corners, 0..1.
    pub oblique_share: f64,
    /// Share of rooms that get a notch or an alcove, 0..1.
    pub alcove_share: f64,
    /// Amount of things that truth does not name, 0..1.
    pub clutter: f64,
    /// Every room can be reached through open doors (needed for a walk).
    pub all_reachable: bool,
    /// Turn and shift the house at random.
    pub random_pose: bool,
    /// Catalogue meshes that may stand in for parametric furniture.
    #[serde(skip_serializing_if = "is_none")]
    pub mesh_split: MeshSplit,
    /// Folder with furniture libraries (read when `mesh_split` asks for it).
    #[serde(skip_serializing_if = "is_usual")]
    pub mesh_folder: PathBuf,
}

fn is_none(split: &MeshSplit) -> bool {
    *split == MeshSplit::None
}

fn is_usual(folder: &Path) -> bool {
    folder == Path::new(catalog::USUAL_FOLDER)
}

impl Default for HouseOptions {
    fn default() -> Self {
        Self {
            min_rooms: 1,
            max_rooms: 6,
            rooms: Vec::new(),
            oblique_share: 0.3,
            alcove_share: 0.3,
            clutter: 0.6,
            all_reachable: true,
            random_pose: true,
            mesh_split: MeshSplit::None,
            mesh_folder: PathBuf::from(catalog::USUAL_FOLDER),
        }
    }
}

/// A furnished flat.
#[derive(Debug, Clone, PartialEq)]
pub struct House {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// Rooms, walls, openings.
    pub plan: FloorPlan,
    /// Furniture, lamps, pictures and clutter. `Mount::On` indexes this list.
    pub items: Vec<Item>,
}

/// Draws a house.
#[must_use]
pub fn generate(seed: u64, options: &HouseOptions) -> House {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rooms = if options.rooms.is_empty() {
        let most = options.max_rooms.clamp(1, 6);
        let count = rng.random_range(options.min_rooms.clamp(1, most)..=most);
        draw_rooms(&mut rng, count)
    } else {
        options.rooms.clone()
    };
    let plan_options = PlanOptions {
        rooms,
        oblique_share: options.oblique_share.clamp(0.0, 1.0),
        alcove_share: options.alcove_share.clamp(0.0, 1.0),
        all_reachable: options.all_reachable,
        random_pose: options.random_pose,
    };
    let plan = FloorPlan::generate(&mut rng, &plan_options);
    let mut items = Vec::new();
    for room in 0..plan.rooms.len() {
        let mut placer = Placer::new(&plan, room, items);
        furnish(&mut placer, &mut rng, plan.rooms[room].kind, options.clutter.clamp(0.0, 1.0));
        items = placer.items;
    }
    if let Some(catalog) = Catalog::of_options(options) {
        catalog::dress(&mut items, &catalog, options.mesh_split);
    }
    let mut house = House { seed, plan, items };
    if options.all_reachable {
        open_up(&mut house);
    }
    house
}

/// Takes the leaves out of the doors of rooms that a leaf keeps a walker from.
fn open_up(house: &mut House) {
    for room in super::path::closed_off(house) {
        for opening in &mut house.plan.openings {
            let wall = house.plan.walls[opening.wall];
            if !opening.window && wall.right.is_some() && (wall.left == room || wall.right == Some(room)) {
                opening.leaf = None;
            }
        }
    }
}

fn draw_rooms(rng: &mut ChaCha8Rng, count: usize) -> Vec<RoomKind> {
    use RoomKind::{Bathroom, Bedroom, Hallway, Kitchen, LivingRoom, Office};
    let any = |rng: &mut ChaCha8Rng, kinds: &[RoomKind]| kinds[rng.random_range(0..kinds.len())];
    match count {
        1 => vec![any(rng, &[LivingRoom, Bedroom, Kitchen, Office, Bedroom])],
        2 => match rng.random_range(0..4) {
            0 | 1 => vec![LivingRoom, Kitchen],
            2 => vec![LivingRoom, Bedroom],
            _ => vec![Bedroom, Bathroom],
        },
        3 => vec![LivingRoom, any(rng, &[Kitchen, Office]), any(rng, &[Bedroom, Bathroom])],
        4 => vec![LivingRoom, Kitchen, Bedroom, any(rng, &[Bathroom, Hallway])],
        5 => vec![LivingRoom, Kitchen, Bedroom, Bathroom, any(rng, &[Hallway, Bedroom, Office])],
        _ => vec![LivingRoom, Kitchen, Bedroom, Bathroom, Hallway, any(rng, &[Bedroom, Office])],
    }
}

/// Rounds to 0.1 mm: the truth says what its text files say.
fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl House {
    /// The exact layout: walls, doors (with passages), windows and the boxes of all named items.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let plan = &self.plan;
        let point = |p: [f64; 2]| [round(p[0]), round(p[1]), 0.0];
        let walls = (0..plan.walls.len())
            .map(|index| {
                let (a, b) = plan.wall_ends(index);
                WallEntity {
                    id: index as u32,
                    a: point(a),
                    b: point(b),
                    height: round(plan.ceiling_m),
                    thickness: round(plan.thickness_m),
                }
            })
            .collect();
        let openings = |window: bool| {
            plan.openings
                .iter()
                .filter(|o| o.window == window)
                .enumerate()
                .map(|(id, opening)| OpeningEntity {
                    id: id as u32,
                    wall: opening.wall as u32,
                    center: self.opening_center(opening).map(round),
                    width: round(opening.width_m),
                    height: round(opening.height_m),
                })
                .collect()
        };
        let boxes = self
            .named_items()
            .enumerate()
            .map(|(id, (class, item))| BoxEntity {
                id: id as u32,
                class: class.to_owned(),
                center: item.center.map(round),
                yaw: round(wrap_angle(item.yaw)),
                size: item.size.map(round),
            })
            .collect();
        Layout { walls, doors: openings(false), windows: openings(true), boxes }
    }

    /// Items that truth names, with their class; the order is that of the boxes of [`Self::layout`].
    pub fn named_items(&self) -> impl Iterator<Item = (&'static str, &Item)> {
        self.items.iter().filter_map(|item| item.class.map(|class| (class_name(class), item)))
    }

    /// Centre of an opening, metres.
    #[must_use]
    pub fn opening_center(&self, opening: &super::plan::PlanOpening) -> [f64; 3] {
        let (a, _) = self.plan.wall_ends(opening.wall);
        let (direction, _) = self.plan.wall_axes(opening.wall);
        [
            a[0] + direction[0] * opening.along_m,
            a[1] + direction[1] * opening.along_m,
            opening.bottom_m + 0.5 * opening.height_m,
        ]
    }

    /// The house as a detector's result without doubt, for `physics`.
    #[must_use]
    pub fn draft(&self) -> Draft {
        let plan = &self.plan;
        let walls = (0..plan.walls.len())
            .map(|index| {
                let (a, b) = plan.wall_ends(index);
                DraftWall {
                    a,
                    b,
                    height: plan.ceiling_m,
                    thickness: plan.thickness_m,
                    offset_sigma_m: 1e-4,
                    end_sigma_m: [1e-4; 2],
                    confidence: 1.0,
                    observed_fraction: 1.0,
                    source: Source::Given,
                }
            })
            .collect();
        let openings = plan
            .openings
            .iter()
            .map(|opening| DraftOpening {
                kind: if opening.window { OpeningKind::Window } else { OpeningKind::Door },
                wall_idx: opening.wall,
                center: self.opening_center(opening),
                width: opening.width_m,
                height: opening.height_m,
                sigma_m: 1e-4,
                confidence: 1.0,
                observed_fraction: 1.0,
            })
            .collect();
        let objects = self
            .named_items()
            .map(|(class, item)| DraftObject {
                class: class.to_owned(),
                center: item.center,
                yaw: wrap_angle(item.yaw),
                size: item.size,
                sigma_m: 1e-4,
                confidence: 1.0,
                observed_fraction: 1.0,
            })
            .collect();
        let rooms = (0..plan.rooms.len())
            .map(|room| DraftRoom {
                polygon: plan.inner_polygon(room),
                ceiling_z: Some(plan.ceiling_m),
                confidence: 1.0,
            })
            .collect();
        Draft { walls, openings, objects, rooms, camera_path: Vec::new(), detector: "synth".to_owned() }
    }

    /// Triangles with materials of everything in the house.
    #[must_use]
    pub fn mesh(&self) -> Mesh {
        let mut builder = Builder::new();
        shell::build(&mut builder, &self.plan, self.seed);
        for (index, item) in self.items.iter().enumerate() {
            furniture::build(&mut builder, item, index);
        }
        builder.mesh
    }

    /// True when item `index` stands on the floor, also by way of other items.
    #[must_use]
    pub fn is_floor_standing(&self, index: usize) -> bool {
        match self.items[index].mount {
            Mount::Floor => true,
            Mount::On(base) => self.is_floor_standing(base),
            Mount::Wall(_) | Mount::Ceiling => false,
        }
    }
}

/// Class of the layout language for a row of the size table (armchairs are chairs there).
fn class_name(class: &'static str) -> &'static str {
    if class == "armchair" { "chair" } else { class }
}

#[cfg(test)]
mod tests {
    use super::super::openings::quads_overlap;
    use super::*;
    use crate::scene::classes::CLASSES;

    fn boxes_overlap(a: &Item, b: &Item) -> bool {
        let ([al, ah], [bl, bh]) = (a.z_range(), b.z_range());
        let tolerance = 1e-4;
        al + tolerance < bh
            && bl + tolerance < ah
            && quads_overlap(&a.footprint(-tolerance), &b.footprint(-tolerance))
    }

    #[test]
    fn houses_are_consistent() {
        for seed in 0..300 {
            let house = generate(seed, &HouseOptions::default());
            assert!(house.plan.is_valid(), "seed {seed}");
            for (i, item) in house.items.iter().enumerate() {
                let polygon = house.plan.inner_polygon(item.room);
                let inside = item.footprint(-1e-3).iter().all(|&p| super::super::plan::contains(&polygon, p));
                assert!(inside, "seed {seed}: {item:?} leaves its room");
                for other in &house.items[..i] {
                    assert!(!boxes_overlap(item, other), "seed {seed}: {item:?} in {other:?}");
                }
                let bottom = item.z_range()[0];
                match item.mount {
                    Mount::Floor => assert!(bottom.abs() < 1e-9, "seed {seed}: {item:?} floats"),
                    Mount::On(base) => {
                        assert!(
                            (bottom - house.items[base].z_range()[1]).abs() < 1e-9,
                            "seed {seed}: {item:?}"
                        );
                    }
                    Mount::Ceiling => assert!((item.z_range()[1] - house.plan.ceiling_m).abs() < 1e-9),
                    Mount::Wall(_) => {}
                }
                if let Some(class) = item.class {
                    assert!(CLASSES.contains(&class_name(class)), "{class}");
                }
            }
        }
    }

    #[test]
    fn physics_has_nothing_to_repair() {
        for seed in 0..12 {
            let draft = generate(seed, &HouseOptions::default()).draft();
            let options = crate::physics::Options::default();
            let provenance = crate::scene::Provenance::default();
            let reporter = crate::report::Reporter::default();
            let scene = crate::physics::make_consistent(&draft, &options, provenance, &reporter).unwrap();
            let figures = crate::physics::check(&scene, Some(&draft));
            assert_eq!(figures.collision.colliding, 0, "seed {seed}");
            assert!(figures.in_bounds.failing.is_empty(), "seed {seed}: {:?}", figures.in_bounds.failing);
            assert!(figures.watertight.rooms.failing.is_empty(), "seed {seed}");
            assert_eq!(scene.objects.len(), draft.objects.len(), "seed {seed}");
        }
    }

    #[test]
    fn same_seed_same_house() {
        let options = HouseOptions::default();
        assert_eq!(generate(17, &options), generate(17, &options));
        assert_ne!(generate(17, &options).layout(), generate(18, &options).layout());
    }

    #[test]
    fn openings_lie_inside_their_wall() {
        for seed in 0..200 {
            let house = generate(seed, &HouseOptions::default());
            for opening in &house.plan.openings {
                let length = house.plan.wall_length(opening.wall);
                assert!(opening.along_m - 0.5 * opening.width_m > 0.05, "seed {seed}");
                assert!(opening.along_m + 0.5 * opening.width_m < length - 0.05, "seed {seed}");
                assert!(opening.bottom_m + opening.height_m < house.plan.ceiling_m - 0.05, "seed {seed}");
            }
        }
    }
}
