//! Parametric furniture: an item becomes boxes, cushions and cylinders inside its box.
//!
//! Local frame: x along the width, y along the depth with the back at +y, z up from the box's
//! bottom. Variants (legs or plinth, panels, handles, number of cushions) and surfaces come from
//! the item's look seed; kitchen units of one run share theirs.

use super::appliances;
use super::catalog;
use super::material::{self, Kind, Material, MaterialId, Pattern};
use super::mesh::Builder;
use super::placement::Item;
use super::shape::Shape;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An item under construction.
pub struct Work<'a> {
    /// Where parts go.
    pub b: &'a mut Builder,
    /// Half width.
    pub x: f64,
    /// Half depth.
    pub y: f64,
    /// Height.
    pub h: f64,
    /// Look.
    pub rng: ChaCha8Rng,
}

impl Work<'_> {
    /// Registers a surface.
    pub fn mat(&mut self, material: Material) -> MaterialId {
        self.b.material(material)
    }

    /// A surface without pattern.
    pub fn plain(&mut self, color: [f32; 3], gloss: f32) -> MaterialId {
        self.b.material(Material::new(Pattern::Plain, color, 1.0, gloss))
    }

    /// Wood or lacquer of this look.
    pub fn front(&mut self) -> MaterialId {
        let material = material::front(&mut self.rng);
        self.b.material(material)
    }

    /// Cloth of this look.
    pub fn cloth(&mut self) -> MaterialId {
        let material = material::cloth(&mut self.rng);
        self.b.material(material)
    }

    /// Metal of this look.
    pub fn metal(&mut self) -> MaterialId {
        let material = material::metal(&mut self.rng);
        self.b.material(material)
    }

    /// Four legs of square section in the corners, up to `top`.
    pub fn legs(&mut self, top: f64, thick: f64, inset: f64, m: MaterialId) {
        let (x, y) = (self.x - inset, self.y - inset);
        for (sx, sy) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            let (cx, cy) = (sx * (x - 0.5 * thick), sy * (y - 0.5 * thick));
            self.b.cuboid(
                [cx - 0.5 * thick, cy - 0.5 * thick, 0.0],
                [cx + 0.5 * thick, cy + 0.5 * thick, top],
                m,
            );
        }
    }

    /// Doors or drawers on the front between the given bounds, with handles.
    pub fn fronts(&mut self, x: [f64; 2], z: [f64; 2], grid: [usize; 2], m: MaterialId, handle: MaterialId) {
        let y = -self.y;
        let (w, h) = ((x[1] - x[0]) / grid[0] as f64, (z[1] - z[0]) / grid[1] as f64);
        let vertical = h > 1.2 * w;
        for i in 0..grid[0] {
            for j in 0..grid[1] {
                let (x0, z0) = (x[0] + w * i as f64 + 0.003, z[0] + h * j as f64 + 0.003);
                let (x1, z1) = (x0 + w - 0.006, z0 + h - 0.006);
                self.b.cuboid([x0, y + 0.008, z0], [x1, y + 0.026, z1], m);
                if vertical {
                    let hx = if i % 2 == 0 { x1 - 0.05 } else { x0 + 0.03 };
                    let hz = 0.5 * (z0 + z1);
                    self.b.cuboid([hx, y - 0.0, hz - 0.07], [hx + 0.015, y + 0.008, hz + 0.07], handle);
                } else {
                    let (hx, hz) = (0.5 * (x0 + x1), z1 - 0.25 * (z1 - z0));
                    let half = (0.3 * w).min(0.08);
                    self.b.cuboid([hx - half, y, hz - 0.008], [hx + half, y + 0.008, hz + 0.008], handle);
                }
            }
        }
    }
}

/// Adds the geometry of item number `index`.
pub fn build(builder: &mut Builder, item: &Item, index: usize) {
    let origin = [item.center[0], item.center[1], item.z_range()[0]];
    builder.set_frame(origin, item.yaw, index as u32 + 1);
    if let Some(model) = &item.model {
        catalog::build(builder, item, model);
        builder.set_frame([0.0; 3], 0.0, 0);
        return;
    }
    let rng = ChaCha8Rng::seed_from_u64(u64::from(item.look));
    let mut work = Work { b: builder, x: 0.5 * item.size[0], y: 0.5 * item.size[1], h: item.size[2], rng };
    match item.shape {
        Shape::Sofa => sofa(&mut work, 3),
        Shape::Armchair => sofa(&mut work, 1),
        Shape::Chair => chair(&mut work),
        Shape::Stool => stool(&mut work),
        Shape::Bed => bed(&mut work),
        Shape::Wardrobe => cabinet(&mut work, 2.3, 0.5),
        Shape::Cabinet => cabinet(&mut work, 1.2, 0.45),
        Shape::Dresser => dresser(&mut work),
        Shape::TvCabinet => tv_cabinet(&mut work),
        Shape::Bookcase => bookcase(&mut work),
        Shape::Table => table(&mut work, false),
        Shape::Desk => table(&mut work, true),
        Shape::Painting => painting(&mut work),
        Shape::Curtain => curtain(&mut work),
        Shape::Rug => rug(&mut work),
        Shape::Plant => plant(&mut work),
        Shape::CeilingLamp | Shape::Chandelier | Shape::FloorLamp | Shape::TableLamp => {
            lamp(&mut work, item.shape)
        }
        Shape::WallDecoration => wall_shelf(&mut work),
        Shape::CoatRack => coat_rack(&mut work),
        Shape::Books
        | Shape::Bottle
        | Shape::Cup
        | Shape::Carton
        | Shape::Bag
        | Shape::Bin
        | Shape::Person => {
            clutter(&mut work, item.shape);
        }
        _ => appliances::build(&mut work, item.shape),
    }
    builder.set_frame([0.0; 3], 0.0, 0);
}

fn sofa(w: &mut Work<'_>, most_seats: usize) {
    let cloth = w.cloth();
    let second = w.cloth();
    let legs = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    let arm = w.rng.random_range(0.10..0.2_f64).min(0.3 * x);
    let back = w.rng.random_range(0.16..0.24);
    let foot = w.rng.random_range(0.04..0.13);
    let seat = 0.38_f64.min(0.55 * h);
    w.legs(foot, 0.05, 0.04, legs);
    w.b.cuboid([-x, -y, foot], [x, y, seat - 0.1], cloth);
    w.b.cushion([-x, -y, seat - 0.1], [-x + arm, y, 0.68 * h], 0.05, cloth);
    w.b.cushion([x - arm, -y, seat - 0.1], [x, y, 0.68 * h], 0.05, cloth);
    w.b.cushion([-x + arm, y - back * 0.6, seat - 0.1], [x - arm, y, h], 0.06, cloth);
    let inner = 2.0 * (x - arm);
    let seats = ((inner / 0.62).round() as usize).clamp(1, most_seats);
    for k in 0..seats {
        let x0 = -x + arm + inner * k as f64 / seats as f64 + 0.004;
        let x1 = x0 + inner / seats as f64 - 0.008;
        w.b.cushion([x0, -y + 0.015, seat - 0.1], [x1, y - back * 0.6, seat + 0.06], 0.035, cloth);
        w.b.cushion([x0, y - back, seat + 0.06], [x1, y - back * 0.6, h - 0.04], 0.04, cloth);
        if w.rng.random_bool(0.5) {
            let px = x0 + 0.1 + w.rng.random_range(0.0..0.1);
            w.b.cushion(
                [px, y - back - 0.12, seat + 0.06],
                [(px + 0.38).min(x1), y - back, seat + 0.40],
                0.05,
                second,
            );
        }
    }
}

fn chair(w: &mut Work<'_>) {
    let wood = w.front();
    let padded = w.rng.random_bool(0.5);
    let seat_mat = if padded { w.cloth() } else { wood };
    let (x, y, h) = (w.x, w.y, w.h);
    let seat = 0.46_f64.min(0.55 * h);
    w.legs(seat - 0.03, 0.035, 0.01, wood);
    w.b.cushion([-x, -y, seat - 0.035], [x, y, seat + 0.02], if padded { 0.02 } else { 0.005 }, seat_mat);
    for side in [-1.0, 1.0] {
        let c = side * (x - 0.03);
        w.b.cuboid([c - 0.018, y - 0.036, seat], [c + 0.018, y, h], wood);
    }
    match w.rng.random_range(0..3) {
        0 => w.b.cuboid([-x + 0.05, y - 0.03, seat + 0.16], [x - 0.05, y - 0.008, h - 0.01], seat_mat),
        1 => {
            for k in 0..4 {
                let z = seat + 0.1 + (h - seat - 0.13) * f64::from(k) / 4.0;
                w.b.cuboid([-x + 0.05, y - 0.03, z], [x - 0.05, y - 0.01, z + 0.05], wood);
            }
        }
        _ => {
            w.b.cuboid([-x + 0.05, y - 0.03, h - 0.08], [x - 0.05, y - 0.008, h], wood);
            for k in 1..5 {
                let c = -x + 2.0 * x * f64::from(k) / 5.0;
                w.b.cuboid([c - 0.012, y - 0.028, seat], [c + 0.012, y - 0.012, h - 0.08], wood);
            }
        }
    }
}

fn stool(w: &mut Work<'_>) {
    let wood = w.front();
    let (x, y, h) = (w.x, w.y, w.h);
    if w.rng.random_bool(0.5) {
        let r = x.min(y);
        w.legs(h - 0.04, 0.03, 0.02, wood);
        w.b.cylinder([0.0, 0.0], [h - 0.04, h], [r, r], 20, wood);
    } else {
        let cloth = w.cloth();
        w.legs(h - 0.12, 0.035, 0.01, wood);
        w.b.cushion([-x, -y, h - 0.12], [x, y, h], 0.03, cloth);
    }
}

fn bed(w: &mut Work<'_>) {
    let frame = w.front();
    let linen = {
        let tint = material::hsv(
            w.rng.random_range(0.0..1.0),
            w.rng.random_range(0.0..0.25),
            w.rng.random_range(0.45..0.75),
        );
        w.mat(Material::new(Pattern::Fabric(3), tint, 0.5, 0.0))
    };
    let blanket = w.cloth();
    let (x, y, h) = (w.x, w.y, w.h);
    let base = 0.3_f64.min(0.5 * h);
    let top = (base + 0.24).min(h - 0.02);
    w.b.cuboid([-x, y - 0.06, 0.0], [x, y, h], frame);
    w.b.cuboid([-x, -y, 0.06], [x, y - 0.06, base], frame);
    w.legs(0.06, 0.06, 0.03, frame);
    w.b.cushion([-x + 0.02, -y + 0.02, base], [x - 0.02, y - 0.07, top], 0.05, linen);
    let pillows = if x > 0.65 { 2 } else { 1 };
    for k in 0..pillows {
        let c = -x + 2.0 * x * (f64::from(k) + 0.5) / f64::from(pillows);
        let half = 0.34_f64.min(x / f64::from(pillows) - 0.06);
        w.b.cushion([c - half, y - 0.50, top], [c + half, y - 0.10, (top + 0.13).min(h)], 0.06, linen);
    }
    let reach = w.rng.random_range(0.3..0.75) * 2.0 * y;
    let fold = (top + 0.035).min(h);
    w.b.cushion([-x, -y, base + 0.06], [x, -y + reach, fold], 0.03, blanket);
}

fn cabinet(w: &mut Work<'_>, row_m: f64, column_m: f64) {
    let body = w.front();
    let door = if w.rng.random_bool(0.6) { body } else { w.front() };
    let handle = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    let plinth = if w.rng.random_bool(0.5) {
        w.legs(0.12, 0.04, 0.02, handle);
        0.12
    } else {
        w.b.cuboid([-x + 0.01, -y + 0.04, 0.0], [x - 0.01, y, 0.07], body);
        0.07
    };
    w.b.cuboid([-x, -y + 0.026, plinth], [x, y, h - 0.02], body);
    w.b.cuboid([-x, -y + 0.004, h - 0.02], [x, y, h], body);
    let columns = ((2.0 * x / column_m).round() as usize).max(1);
    let rows = (((h - plinth) / row_m).round() as usize).max(1);
    w.fronts([-x, x], [plinth, h - 0.022], [columns, rows], door, handle);
}

fn dresser(w: &mut Work<'_>) {
    let body = w.front();
    let handle = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y + 0.026, 0.05], [x, y, h - 0.025], body);
    w.b.cuboid([-x, -y, h - 0.025], [x, y, h], body);
    w.legs(0.05, 0.05, 0.03, body);
    let rows = ((h / 0.22).round() as usize).clamp(2, 6);
    let columns = if x > 0.5 { 2 } else { 1 };
    w.fronts([-x, x], [0.05, h - 0.027], [columns, rows], body, handle);
}

fn tv_cabinet(w: &mut Work<'_>) {
    let body = w.front();
    let dark = w.plain([0.03; 3], 0.02);
    let handle = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y, h - 0.03], [x, y, h], body);
    w.b.cuboid([-x, -y, 0.04], [x, y, 0.07], body);
    w.b.cuboid([-x, -y + 0.02, 0.07], [-x + 0.025, y, h - 0.03], body);
    w.b.cuboid([x - 0.025, -y + 0.02, 0.07], [x, y, h - 0.03], body);
    w.b.cuboid([-x + 0.025, y - 0.015, 0.07], [x - 0.025, y, h - 0.03], body);
    w.legs(0.04, 0.05, 0.04, body);
    let third = 2.0 * x / 3.0;
    w.b.cuboid([-x + 0.025, -y + 0.026, 0.07], [-x + third, y - 0.015, h - 0.03], body);
    w.b.cuboid([x - third, -y + 0.026, 0.07], [x - 0.025, y - 0.015, h - 0.03], body);
    w.fronts([-x + 0.005, -x + third], [0.07, h - 0.032], [1, 2], body, handle);
    w.fronts([x - third, x - 0.005], [0.07, h - 0.032], [1, 2], body, handle);
    w.b.cuboid([-x + third, -y + 0.05, 0.5 * h], [x - third, y - 0.015, 0.5 * h + 0.02], body);
    w.b.cuboid([-0.4 * third, -0.3 * y, 0.5 * h + 0.02], [0.4 * third, 0.7 * y, 0.5 * h + 0.08], dark);
}

fn bookcase(w: &mut Work<'_>) {
    let body = w.front();
    let (x, y, h) = (w.x, w.y, w.h);
    let t = 0.022;
    w.b.cuboid([-x, -y, 0.0], [-x + t, y, h], body);
    w.b.cuboid([x - t, -y, 0.0], [x, y, h], body);
    w.b.cuboid([-x + t, y - 0.01, 0.0], [x - t, y, h], body);
    let shelves = ((h / 0.34).round() as usize).max(2);
    let pitch = (h - t) / shelves as f64;
    for k in 0..=shelves {
        let z = pitch * k as f64;
        w.b.cuboid([-x + t, -y, z], [x - t, y - 0.01, z + t], body);
        if k < shelves {
            shelf_row(w, [-x + t, x - t], z + t, pitch - t);
        }
    }
}

/// Blocks of books, boxes and gaps on one shelf.
fn shelf_row(w: &mut Work<'_>, span: [f64; 2], z: f64, free: f64) {
    let mut at = span[0] + 0.01;
    while at < span[1] - 0.1 {
        let width = w.rng.random_range(0.1..0.45_f64).min(span[1] - 0.01 - at);
        let kind = w.rng.random_range(0..10);
        let y = w.y;
        if kind < 6 {
            let seed = w.rng.random_range(0..12);
            let spines = w.mat(Material::new(Pattern::Books(seed), [1.0; 3], 1.0, 0.02));
            let paper = w.plain([0.5, 0.46, 0.4], 0.0);
            let tall = free * w.rng.random_range(0.6..0.9);
            let depth = w.rng.random_range(0.13..0.2_f64).min(1.8 * y);
            let front = -y + w.rng.random_range(0.01..0.05);
            w.b.cuboid_faces(
                [at, front, z],
                [at + width, (front + depth).min(y - 0.012), z + tall],
                [paper, paper, spines, paper, paper, paper],
            );
        } else if kind < 8 {
            let boxy = w.cloth();
            w.b.cuboid([at, -y + 0.02, z], [at + width.min(0.3), 0.6 * y, z + free * 0.6], boxy);
        }
        at += width + w.rng.random_range(0.0..0.08);
    }
}

fn table(w: &mut Work<'_>, desk: bool) {
    let top = if w.rng.random_bool(0.8) {
        let m = material::wood(&mut w.rng);
        w.mat(m)
    } else {
        w.front()
    };
    let leg = if w.rng.random_bool(0.5) { top } else { w.metal() };
    let (x, y, h) = (w.x, w.y, w.h);
    let thick = w.rng.random_range(0.022..0.045);
    w.b.cuboid([-x, -y, h - thick], [x, y, h], top);
    let section = w.rng.random_range(0.035..0.075);
    let inset = w.rng.random_range(0.0..0.05);
    w.legs(h - thick, section, inset, leg);
    if h > 0.55 && !desk {
        let (ix, iy) = (x - 0.06, y - 0.06);
        for side in [-1.0, 1.0] {
            w.b.cuboid([-ix, side * iy - 0.01, h - thick - 0.08], [ix, side * iy + 0.01, h - thick], top);
            w.b.cuboid([side * ix - 0.01, -iy, h - thick - 0.08], [side * ix + 0.01, iy, h - thick], top);
        }
    } else if !desk && w.rng.random_bool(0.6) {
        w.b.cuboid([-x + 0.04, -y + 0.04, 0.12], [x - 0.04, y - 0.04, 0.14], top);
    }
    if desk {
        let handle = w.metal();
        let side = if w.rng.random_bool(0.5) { 1.0 } else { -1.0 };
        let (x0, x1) = if side > 0.0 { (x - 0.42, x - 0.01) } else { (-x + 0.01, -x + 0.42) };
        w.b.cuboid([x0, -y + 0.026, 0.05], [x1, y - 0.02, h - thick], top);
        w.fronts([x0, x1], [0.05, h - thick - 0.003], [1, 3], top, handle);
    }
}

fn painting(w: &mut Work<'_>) {
    let frame = w.front();
    let seed = w.rng.random();
    let picture = w.mat(Material::new(Pattern::Poster(seed), [1.0; 3], 1.0, 0.03));
    let (x, y, h) = (w.x, w.y, w.h);
    let bar = w.rng.random_range(0.012..0.035_f64).min(0.2 * x);
    w.b.cuboid([-x, -y, 0.0], [x, y, bar], frame);
    w.b.cuboid([-x, -y, h - bar], [x, y, h], frame);
    w.b.cuboid([-x, -y, bar], [-x + bar, y, h - bar], frame);
    w.b.cuboid([x - bar, -y, bar], [x, y, h - bar], frame);
    w.b.quad([-x + bar, -0.4 * y, bar], [2.0 * (x - bar), 0.0, 0.0], [0.0, 0.0, h - 2.0 * bar], picture);
}

fn curtain(w: &mut Work<'_>) {
    let cloth = w.cloth();
    let metal = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -0.012, h - 0.025], [x, 0.012, h], metal);
    let folds = ((2.0 * x / 0.055).round() as usize).max(3) * 2;
    let step = 2.0 * x / folds as f64;
    for k in 0..folds {
        let (x0, x1) = (-x + step * k as f64, -x + step * (k + 1) as f64);
        let (f0, f1) = if k % 2 == 0 { (-y, 0.6 * y) } else { (0.6 * y, -y) };
        let along = [x1 - x0, f1 - f0, 0.0];
        let back = [-along[0], -along[1], 0.0];
        w.b.quad([x0, f0, 0.0], along, [0.0, 0.0, h - 0.02], cloth);
        w.b.quad([x1, f1 + 0.003, 0.0], back, [0.0, 0.0, h - 0.02], cloth);
    }
}

fn rug(w: &mut Work<'_>) {
    let seed = w.rng.random();
    let top = w.mat(Material::new(Pattern::Rug(seed), [1.0; 3], 1.0, 0.0));
    let edge = w.plain([0.25, 0.2, 0.17], 0.0);
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid_faces([-x, -y, 0.0], [x, y, h], [edge, edge, edge, edge, edge, top]);
}

fn plant(w: &mut Work<'_>) {
    let pot_tint = material::hsv(
        w.rng.random_range(0.0..0.15),
        w.rng.random_range(0.0..0.6),
        w.rng.random_range(0.2..0.6),
    );
    let pot = w.plain(pot_tint, 0.03);
    let soil = w.plain([0.05, 0.035, 0.025], 0.0);
    let green = material::hsv(w.rng.random_range(0.22..0.36), 0.65, w.rng.random_range(0.15..0.35));
    let leaf = w.mat(Material::new(Pattern::Leaf(0), green, 1.0, 0.02));
    let (r, h) = (w.x.min(w.y), w.h);
    let pot_h = (0.32 * h).min(0.35);
    w.b.cylinder([0.0, 0.0], [0.0, pot_h], [0.42 * r, 0.58 * r], 14, pot);
    w.b.cylinder([0.0, 0.0], [pot_h, pot_h + 0.004], [0.54 * r, 0.54 * r], 14, soil);
    w.b.cylinder([0.0, 0.0], [pot_h, 0.8 * h], [0.02, 0.012], 6, soil);
    let count = if h > 0.5 { 34 } else { 18 };
    for _ in 0..count {
        let turn: f64 = w.rng.random_range(0.0..std::f64::consts::TAU);
        let z = pot_h + (h - pot_h) * w.rng.random_range(0.15..0.85);
        let reach = r * w.rng.random_range(0.55..0.95);
        let rise = w.rng.random_range(-0.3..0.5) * reach;
        let top = (z + rise).clamp(pot_h, h - 0.01);
        let (sin, cos) = turn.sin_cos();
        let width = w.rng.random_range(0.22..0.4) * reach;
        let side = [-sin * width, cos * width, 0.0];
        let from = [0.12 * r * cos - 0.5 * side[0], 0.12 * r * sin - 0.5 * side[1], z];
        let along =
            [(reach - 0.12 * r - 0.35 * width) * cos, (reach - 0.12 * r - 0.35 * width) * sin, top - z];
        blade(w, from, along, side, leaf);
    }
}

/// A pointed leaf, two-sided.
fn blade(w: &mut Work<'_>, from: [f64; 3], along: [f64; 3], side: [f64; 3], m: MaterialId) {
    let at = |a: f64, s: f64| {
        [from[0] + a * along[0] + s * side[0], from[1] + a * along[1] + s * side[1], from[2] + a * along[2]]
    };
    let outline = [at(0.0, 0.5), at(0.35, 0.0), at(1.0, 0.5), at(0.35, 1.0)];
    let front = w.b.chart(from, along, side, 0.0, m);
    w.b.triangle(front, [outline[0], outline[1], outline[2]]);
    w.b.triangle(front, [outline[0], outline[2], outline[3]]);
    let end = [from[0] + side[0], from[1] + side[1], from[2]];
    let back = w.b.chart(end, along, [-side[0], -side[1], 0.0], 0.0, m);
    w.b.triangle(back, [outline[0], outline[2], outline[1]]);
    w.b.triangle(back, [outline[0], outline[3], outline[2]]);
}

/// Radiance of lamp shades, scene units (the tone mapping puts white walls near 1).
const SHADE_RADIANCE: f32 = 7.0;

fn lamp(w: &mut Work<'_>, shape: Shape) {
    let glow =
        |power: f32| Material { kind: Kind::Lamp(power), color: [1.0, 0.9, 0.75], ..Material::default() };
    let metal = w.metal();
    let (r, h) = (w.x.min(w.y), w.h);
    match shape {
        Shape::CeilingLamp => {
            let shade = w.mat(glow(SHADE_RADIANCE));
            w.b.cylinder([0.0, 0.0], [0.0, h], [0.9 * r, r], 18, shade);
        }
        Shape::Chandelier => {
            let shade = w.mat(glow(SHADE_RADIANCE));
            let shade_h = (0.5 * h).min(0.28);
            w.b.cylinder([0.0, 0.0], [0.0, shade_h], [r, 0.6 * r], 18, shade);
            w.b.cylinder([0.0, 0.0], [shade_h, h], [0.008, 0.008], 6, metal);
        }
        Shape::FloorLamp => {
            let shade = w.mat(glow(1.6));
            w.b.cylinder([0.0, 0.0], [0.0, 0.025], [0.6 * r, 0.6 * r], 16, metal);
            w.b.cylinder([0.0, 0.0], [0.025, h - 0.28], [0.013, 0.013], 8, metal);
            w.b.cylinder([0.0, 0.0], [h - 0.3, h], [r, 0.7 * r], 18, shade);
        }
        _ => {
            let shade = w.mat(glow(1.2));
            w.b.cylinder([0.0, 0.0], [0.0, 0.55 * h], [0.5 * r, 0.3 * r], 12, metal);
            w.b.cylinder([0.0, 0.0], [0.55 * h, h], [r, 0.65 * r], 16, shade);
        }
    }
}

fn wall_shelf(w: &mut Work<'_>) {
    let wood = w.front();
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y, 0.0], [x, y, 0.025], wood);
    let mut at = -x + 0.02;
    while at < x - 0.08 {
        let width = w.rng.random_range(0.05..0.16_f64).min(x - at);
        let seed = w.rng.random_range(0..12);
        let books = w.mat(Material::new(Pattern::Books(seed), [1.0; 3], 1.0, 0.02));
        let tall = 0.025 + (h - 0.025) * w.rng.random_range(0.5..1.0);
        w.b.cuboid([at, -0.7 * y, 0.025], [at + width, 0.9 * y, tall], books);
        at += width + w.rng.random_range(0.01..0.12);
    }
}

fn coat_rack(w: &mut Work<'_>) {
    let wood = w.front();
    let (x, y, h) = (w.x, w.y, w.h);
    w.legs(h - 0.05, 0.03, 0.01, wood);
    w.b.cuboid([-x, -0.02, h - 0.05], [x, 0.02, h], wood);
    w.b.cuboid([-x, -y, 0.15], [x, y, 0.17], wood);
    let coats = ((2.0 * x / 0.14) as usize).max(2);
    for k in 0..coats {
        let cloth = w.cloth();
        let c = -x + 0.08 + (2.0 * x - 0.16) * k as f64 / coats as f64;
        let low = h - w.rng.random_range(0.7..1.2);
        w.b.cushion([c, -0.8 * y, low.max(0.2)], [c + 0.09, 0.8 * y, h - 0.07], 0.04, cloth);
    }
}

fn clutter(w: &mut Work<'_>, shape: Shape) {
    let (x, y, h) = (w.x, w.y, w.h);
    match shape {
        Shape::Books => {
            let mut z = 0.0;
            while z < h - 0.008 {
                let tint = material::hsv(
                    w.rng.random_range(0.0..1.0),
                    w.rng.random_range(0.2..0.8),
                    w.rng.random_range(0.1..0.5),
                );
                let cover = w.plain(tint, 0.03);
                let paper = w.plain([0.6, 0.57, 0.5], 0.0);
                let top = (z + w.rng.random_range(0.015..0.04)).min(h);
                let (sx, sy) = (x * w.rng.random_range(0.8..1.0), y * w.rng.random_range(0.8..1.0));
                w.b.cuboid_faces([-sx, -sy, z], [sx, sy, top], [paper, paper, cover, paper, cover, cover]);
                z = top;
            }
        }
        Shape::Bottle => {
            let tint = material::hsv(w.rng.random_range(0.0..1.0), 0.7, w.rng.random_range(0.05..0.4));
            let glass = w.plain(tint, 0.08);
            w.b.cylinder([0.0, 0.0], [0.0, 0.6 * h], [x, x], 12, glass);
            w.b.cylinder([0.0, 0.0], [0.6 * h, 0.75 * h], [x, 0.4 * x], 12, glass);
            w.b.cylinder([0.0, 0.0], [0.75 * h, h], [0.4 * x, 0.4 * x], 10, glass);
        }
        Shape::Cup => {
            let tint = material::hsv(
                w.rng.random_range(0.0..1.0),
                w.rng.random_range(0.0..0.8),
                w.rng.random_range(0.2..0.7),
            );
            let china = w.plain(tint, 0.06);
            w.b.cylinder([0.0, 0.0], [0.0, h], [0.6 * x, x], 14, china);
        }
        Shape::Carton => {
            let print = w.rng.random_range(0..3);
            let board = w.mat(Material::new(Pattern::Carton(print), [0.42, 0.3, 0.18], 0.4, 0.0));
            w.b.cuboid([-x, -y, 0.0], [x, y, h], board);
        }
        Shape::Bin => {
            let body = w.front();
            w.b.cylinder([0.0, 0.0], [0.0, h], [0.8 * x, x], 14, body);
        }
        Shape::Person => {
            let (coat, trousers) = (w.cloth(), w.cloth());
            let skin = w.plain([0.45, 0.28, 0.2], 0.0);
            w.b.cushion([-0.8 * x, -0.7 * y, 0.0], [0.8 * x, 0.7 * y, 0.5 * h], 0.03, trousers);
            w.b.cushion([-x, -y, 0.5 * h], [x, y, 0.86 * h], 0.1, coat);
            w.b.cylinder([0.0, 0.0], [0.86 * h, h], [0.09, 0.07], 10, skin);
        }
        _ => {
            let cloth = w.cloth();
            w.b.cushion([-x, -y, 0.0], [x, y, 0.8 * h], 0.1, cloth);
            w.b.cushion([-0.6 * x, -0.5 * y, 0.7 * h], [0.5 * x, 0.5 * y, h], 0.06, cloth);
        }
    }
}
