//! Geometry of kitchen and bathroom things, screens, mirrors and radiators.
//!
//! Same local frame as [`super::furniture`]: back at +y, front at −y, z up from the box's bottom.

use super::furniture::Work;
use super::material::{self, Kind, Material, MaterialId, Pattern};
use super::shape::Shape;
use rand::RngExt;

/// Adds the parts of one of these shapes.
pub fn build(w: &mut Work<'_>, shape: Shape) {
    match shape {
        Shape::Counter => counter(w, false),
        Shape::SinkCounter => counter(w, true),
        Shape::Stove => stove(w),
        Shape::Refrigerator => refrigerator(w),
        Shape::WallCabinet => wall_cabinet(w),
        Shape::RangeHood => range_hood(w),
        Shape::Microwave => microwave(w),
        Shape::WashingMachine => washing_machine(w),
        Shape::Toilet => toilet(w),
        Shape::Basin => basin(w),
        Shape::Tub => tub(w),
        Shape::ShowerCabin => shower(w),
        Shape::Mirror => mirror(w),
        Shape::Tv | Shape::Monitor => screen(w, shape),
        Shape::AirConditioner => air_conditioner(w),
        Shape::Radiator => radiator(w),
        _ => {
            let body = w.front();
            let (x, y, h) = (w.x, w.y, w.h);
            w.b.cuboid([-x, -y, 0.0], [x, y, h], body);
        }
    }
}

/// Surfaces of a kitchen run: fronts, worktop, metal. The same look gives the same ones.
fn kitchen_surfaces(w: &mut Work<'_>) -> (MaterialId, MaterialId, MaterialId) {
    let front = w.front();
    let top = match w.rng.random_range(0..3) {
        0 => Material::new(Pattern::Marble(0), [0.45, 0.44, 0.42], 1.1, 0.05),
        1 => Material::new(Pattern::Marble(1), [0.12, 0.12, 0.13], 0.9, 0.06),
        _ => material::wood(&mut w.rng),
    };
    let top = w.mat(top);
    let metal = w.mat(Material::new(Pattern::Metal, [0.5; 3], 0.5, 0.2));
    (front, top, metal)
}

fn counter(w: &mut Work<'_>, sink: bool) {
    let (front, top, metal) = kitchen_surfaces(w);
    let (x, y) = (w.x, w.y);
    let h = if sink { w.h - 0.3 } else { w.h };
    w.b.cuboid([-x, -y + 0.06, 0.0], [x, y, 0.1], front);
    w.b.cuboid([-x, -y + 0.026, 0.1], [x, y, h - 0.04], front);
    if sink {
        // Worktop around a basin.
        let (bx, by) = (0.78 * x, 0.6 * y);
        w.b.cuboid([-x, -y, h - 0.04], [-bx, y, h], top);
        w.b.cuboid([bx, -y, h - 0.04], [x, y, h], top);
        w.b.cuboid([-bx, -y, h - 0.04], [bx, -by, h], top);
        w.b.cuboid([-bx, by, h - 0.04], [bx, y, h], top);
        w.b.quad([-bx, -by, h - 0.03], [2.0 * bx, 0.0, 0.0], [0.0, 2.0 * by, 0.0], metal);
        w.b.cuboid([-bx, -by, h - 0.03], [bx, -by + 0.012, h + 0.004], metal);
        w.b.cuboid([-bx, by - 0.012, h - 0.03], [bx, by, h + 0.004], metal);
        w.b.cylinder([0.0, 0.5 * (by + y)], [h, h + 0.29], [0.018, 0.014], 8, metal);
        w.b.cuboid([-0.012, 0.5 * (by + y) - 0.2, h + 0.27], [0.012, 0.5 * (by + y), h + 0.3], metal);
    } else {
        w.b.cuboid([-x, -y, h - 0.04], [x, y, h], top);
    }
    let drawers = w.rng.random_bool(0.4);
    let grid = if drawers { [1, 3] } else { [if x > 0.32 { 2 } else { 1 }, 1] };
    w.fronts([-x, x], [0.1, h - 0.043], grid, front, metal);
}

fn stove(w: &mut Work<'_>) {
    let (front, _, metal) = kitchen_surfaces(w);
    let black = w.plain([0.015; 3], 0.08);
    let (x, y, h) = (w.x, w.y, w.h);
    let seed = w.rng.random();
    let panel = w.mat(Material::new(Pattern::Panel(seed), [1.0; 3], 1.0, 0.05));
    w.b.cuboid([-x, -y + 0.026, 0.0], [x, y, h - 0.03], front);
    w.b.cuboid([-x, -y + 0.004, h - 0.03], [x, y, h - 0.008], black);
    w.b.cuboid_faces(
        [-x + 0.005, -y + 0.006, h - 0.17],
        [x - 0.005, -y + 0.03, h - 0.035],
        [metal, metal, panel, metal, metal, metal],
    );
    w.b.cuboid([-x + 0.005, -y + 0.01, 0.18], [x - 0.005, -y + 0.03, h - 0.19], black);
    w.b.cuboid([-x + 0.05, -y, h - 0.24], [x - 0.05, -y + 0.01, h - 0.225], metal);
    let grey = w.plain([0.12; 3], 0.02);
    for (sx, sy, r) in [(-0.5, -0.45, 0.09), (0.5, -0.45, 0.075), (-0.5, 0.45, 0.075), (0.5, 0.45, 0.09)] {
        w.b.cylinder([sx * x, sy * y], [h - 0.008, h], [r, r], 18, grey);
    }
}

fn refrigerator(w: &mut Work<'_>) {
    let steel = w.rng.random_bool(0.5);
    let body = if steel {
        Material::new(Pattern::Metal, [0.42, 0.43, 0.44], 0.6, 0.15)
    } else {
        Material::new(Pattern::Plain, [0.70, 0.70, 0.68], 1.0, 0.05)
    };
    let body = w.mat(body);
    let metal = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    let split = h * w.rng.random_range(0.3..0.68);
    w.b.cuboid([-x, -y + 0.07, 0.0], [x, y, h], body);
    for (z0, z1) in [(0.04, split - 0.005), (split + 0.005, h)] {
        w.b.cuboid([-x + 0.002, -y + 0.015, z0], [x - 0.002, -y + 0.065, z1], body);
        let side = 0.88 * x;
        let tall = (0.35 * (z1 - z0)).min(0.4);
        let near = if z0 < split { (z1 - tall - 0.05, z1 - 0.05) } else { (z0 + 0.05, z0 + 0.05 + tall) };
        w.b.cuboid([side - 0.02, -y, near.0], [side, -y + 0.015, near.1], metal);
    }
    // Notes and magnets.
    for _ in 0..w.rng.random_range(0..6) {
        let seed = w.rng.random();
        let note = w.mat(Material::new(Pattern::Poster(seed), [1.0; 3], 1.0, 0.0));
        let (cx, cz) = (w.rng.random_range(-0.7..0.5) * x, w.rng.random_range(0.55..0.9) * h);
        let (sx, sz) = (w.rng.random_range(0.03..0.1), w.rng.random_range(0.03..0.13));
        w.b.quad([cx, -y + 0.012, cz], [sx, 0.0, 0.0], [0.0, 0.0, sz], note);
    }
}

fn wall_cabinet(w: &mut Work<'_>) {
    let (front, _, metal) = kitchen_surfaces(w);
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y + 0.026, 0.0], [x, y, h], front);
    let doors = if x > 0.32 { 2 } else { 1 };
    w.fronts([-x, x], [0.0, h], [doors, 1], front, metal);
}

fn range_hood(w: &mut Work<'_>) {
    let metal = w.mat(Material::new(Pattern::Metal, [0.5; 3], 0.5, 0.2));
    let dark = w.plain([0.05; 3], 0.03);
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid_faces([-x, -y, 0.0], [x, y, 0.08], [metal, metal, metal, metal, dark, metal]);
    w.b.cuboid([-0.35 * x, -0.2 * y, 0.08], [0.35 * x, y, h], metal);
}

fn microwave(w: &mut Work<'_>) {
    let body = w.front();
    let black = w.plain([0.02; 3], 0.08);
    let seed = w.rng.random();
    let panel = w.mat(Material::new(Pattern::Panel(seed), [1.0; 3], 1.0, 0.03));
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y + 0.02, 0.0], [x, y, h], body);
    w.b.cuboid([-x + 0.01, -y, 0.02], [0.45 * x, -y + 0.02, h - 0.02], black);
    w.b.quad([0.5 * x, -y + 0.018, 0.02], [0.46 * x, 0.0, 0.0], [0.0, 0.0, h - 0.04], panel);
}

fn washing_machine(w: &mut Work<'_>) {
    let white = w.plain([0.72; 3], 0.05);
    let dark = w.plain([0.04; 3], 0.1);
    let seed = w.rng.random();
    let panel = w.mat(Material::new(Pattern::Panel(seed), [1.0; 3], 1.0, 0.03));
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid_faces([-x, -y + 0.03, 0.0], [x, y, h], [white; 6]);
    w.b.quad([-x + 0.01, -y + 0.028, h - 0.13], [2.0 * x - 0.02, 0.0, 0.0], [0.0, 0.0, 0.11], panel);
    // The port-hole, as a ring of short boxes around a dark disc.
    let (r, cz) = (0.19, 0.45 * h);
    for k in 0..20 {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / 20.0).sin_cos();
        let (px, pz) = (r * cos, cz + r * sin);
        w.b.cuboid([px - 0.03, -y, pz - 0.03], [px + 0.03, -y + 0.03, pz + 0.03], white);
    }
    w.b.cuboid([-0.14, -y + 0.01, cz - 0.14], [0.14, -y + 0.03, cz + 0.14], dark);
}

fn toilet(w: &mut Work<'_>) {
    let china = w.plain([0.74, 0.74, 0.72], 0.06);
    let metal = w.metal();
    let (x, y, h) = (w.x, w.y, w.h);
    let r = 0.95 * x;
    w.b.cylinder([0.0, -y + r], [0.0, 0.36], [0.62 * r, r], 18, china);
    w.b.cuboid([-0.6 * x, -y + r, 0.0], [0.6 * x, y - 0.02, 0.36], china);
    w.b.cylinder([0.0, -y + r], [0.36, 0.41], [r, r], 20, china);
    w.b.cuboid([-0.9 * x, -y + r, 0.36], [0.9 * x, y - 0.18, 0.41], china);
    w.b.cushion([-x, y - 0.18, 0.38], [x, y, h], 0.02, china);
    w.b.cuboid([-0.05, y - 0.12, h - 0.001], [0.05, y - 0.07, h], metal);
}

fn basin(w: &mut Work<'_>) {
    let china = w.plain([0.74, 0.74, 0.72], 0.06);
    let body = w.front();
    let metal = w.mat(Material::new(Pattern::Metal, [0.5; 3], 0.5, 0.3));
    let (x, y, h) = (w.x, w.y, w.h);
    let rim = h - 0.12;
    w.b.cuboid([-x + 0.02, -y + 0.046, 0.1], [x - 0.02, y, rim - 0.12], body);
    w.b.cuboid([-x + 0.05, -y + 0.08, 0.0], [x - 0.05, y, 0.1], body);
    let half = w.y;
    w.y = half - 0.02;
    w.fronts([-x + 0.02, x - 0.02], [0.1, rim - 0.12], [if x > 0.33 { 2 } else { 1 }, 1], body, metal);
    w.y = half;
    // A rim around the bowl.
    let (bx, by) = (x - 0.06, y - 0.07);
    w.b.quad([-bx, -by, rim - 0.09], [2.0 * bx, 0.0, 0.0], [0.0, 2.0 * by, 0.0], china);
    w.b.cuboid([-x, -y, rim - 0.12], [-bx, y, rim], china);
    w.b.cuboid([bx, -y, rim - 0.12], [x, y, rim], china);
    w.b.cuboid([-bx, -y, rim - 0.12], [bx, -by, rim], china);
    w.b.cuboid([-bx, by, rim - 0.12], [bx, y, rim], china);
    w.b.cylinder([0.0, y - 0.04], [rim, h], [0.018, 0.014], 8, metal);
    w.b.cuboid([-0.01, y - 0.15, h - 0.025], [0.01, y - 0.04, h], metal);
}

fn tub(w: &mut Work<'_>) {
    let china = w.plain([0.74, 0.74, 0.72], 0.06);
    let (x, y, h) = (w.x, w.y, w.h);
    let t = 0.07;
    w.b.cuboid([-x, -y, 0.0], [x, -y + t, h], china);
    w.b.cuboid([-x, y - t, 0.0], [x, y, h], china);
    w.b.cuboid([-x, -y + t, 0.0], [-x + t, y - t, h], china);
    w.b.cuboid([x - t, -y + t, 0.0], [x, y - t, h], china);
    w.b.cuboid([-x + t, -y + t, 0.0], [x - t, y - t, 0.15], china);
}

fn shower(w: &mut Work<'_>) {
    let china = w.plain([0.70, 0.70, 0.69], 0.05);
    let metal = w.mat(Material::new(Pattern::Metal, [0.5; 3], 0.5, 0.3));
    let glass = w.mat(Material { kind: Kind::Glass, color: [0.88; 3], ..Material::default() });
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y, 0.0], [x, y, 0.12], china);
    for (cx, cy) in [(-x, -y), (x - 0.03, -y), (-x, y - 0.03), (x - 0.03, y - 0.03)] {
        w.b.cuboid([cx, cy, 0.12], [cx + 0.03, cy + 0.03, h], metal);
    }
    w.b.cuboid([-x, -y, h - 0.03], [x, -y + 0.03, h], metal);
    w.b.cuboid([-x, -y + 0.03, h - 0.03], [-x + 0.03, y - 0.03, h], metal);
    w.b.cuboid([x - 0.03, -y + 0.03, h - 0.03], [x, y - 0.03, h], metal);
    w.b.quad([-x, -y + 0.015, 0.12], [2.0 * x, 0.0, 0.0], [0.0, 0.0, h - 0.15], glass);
    w.b.quad([-x + 0.015, y, 0.12], [0.0, -2.0 * y, 0.0], [0.0, 0.0, h - 0.15], glass);
    w.b.quad([x - 0.015, -y, 0.12], [0.0, 2.0 * y, 0.0], [0.0, 0.0, h - 0.15], glass);
    w.b.cuboid([-0.01, y - 0.04, 1.0], [0.01, y - 0.02, h - 0.05], metal);
}

fn mirror(w: &mut Work<'_>) {
    let frame = w.front();
    let glass = w.mat(Material { kind: Kind::Mirror, color: [0.85; 3], ..Material::default() });
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y + 0.004, 0.0], [x, y, h], frame);
    w.b.quad([-x + 0.015, -y, 0.015], [2.0 * x - 0.03, 0.0, 0.0], [0.0, 0.0, h - 0.03], glass);
}

fn screen(w: &mut Work<'_>, shape: Shape) {
    let black = w.plain([0.012; 3], 0.05);
    let dark = w.plain([0.02, 0.021, 0.024], 0.1);
    let (x, y, h) = (w.x, w.y, w.h);
    let standing = shape == Shape::Monitor || y > 0.08;
    let low = if standing { 0.12 * h + 0.02 } else { 0.0 };
    let (back, thick) = if standing { (0.02, 0.02) } else { (y, y) };
    w.b.cuboid([-x, back - 2.0 * thick, low], [x, back, h], black);
    let glass = if shape == Shape::Monitor && w.rng.random_bool(0.5) {
        let seed = w.rng.random();
        w.mat(Material::new(Pattern::Panel(seed), [0.9; 3], 1.0, 0.05))
    } else {
        dark
    };
    w.b.quad(
        [-x + 0.012, back - 2.0 * thick - 0.001, low + 0.012],
        [2.0 * x - 0.024, 0.0, 0.0],
        [0.0, 0.0, h - low - 0.024],
        glass,
    );
    if standing {
        w.b.cuboid([-0.03, -0.01, 0.01], [0.03, 0.02, low], black);
        w.b.cuboid([-0.45 * x, -y, 0.0], [0.45 * x, y, 0.012], black);
    }
}

fn air_conditioner(w: &mut Work<'_>) {
    let white = w.plain([0.73; 3], 0.04);
    let grey = w.plain([0.25; 3], 0.02);
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y, 0.05], [x, y, h], white);
    w.b.cuboid([-x, -y + 0.03, 0.0], [x, y, 0.05], white);
    w.b.cuboid([-x + 0.04, -y - 0.0, 0.06], [x - 0.04, -y + 0.001, 0.075], grey);
}

fn radiator(w: &mut Work<'_>) {
    let white = w.plain([0.72, 0.72, 0.70], 0.03);
    let (x, y, h) = (w.x, w.y, w.h);
    w.b.cuboid([-x, -y + 0.02, 0.0], [x, y, h], white);
    let ribs = ((2.0 * x / 0.06) as usize).max(2);
    for k in 0..ribs {
        let c = -x + 2.0 * x * (k as f64 + 0.5) / ribs as f64;
        w.b.cuboid([c - 0.018, -y, 0.02], [c + 0.018, -y + 0.02, h - 0.02], white);
    }
}
