//! Where the displacement of boxes comes from: pairs of draft and scene by what each box touches.
//!
//! Printed beside the figures, so that a change of the optimisation shows what it moves less.

use roomwright::layout::Draft;
use roomwright::scene::{Object, Scene, Source, Support, Wall};
use std::collections::BTreeMap;

/// Surfaces this near touch, metres (the repair leaves 0.5 mm of air).
const TOUCH_M: f64 = 0.002;

/// Sums over the boxes of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    boxes: usize,
    moved_m: f64,
    plan_m: f64,
    up_m: f64,
}

/// Sums by kind.
pub type Breakdown = BTreeMap<String, Sums>;

/// A turned rectangle in plan: centre, half sizes, unit x axis.
struct Footprint {
    center: [f64; 2],
    half: [f64; 2],
    x: [f64; 2],
}

impl Footprint {
    fn axes(&self) -> [[f64; 2]; 2] {
        [self.x, [-self.x[1], self.x[0]]]
    }

    fn gap(&self, other: &Self) -> f64 {
        let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        let offset = [other.center[0] - self.center[0], other.center[1] - self.center[1]];
        let reach = |of: &Self, n: [f64; 2]| {
            let [x, y] = of.axes();
            of.half[0] * dot(x, n).abs() + of.half[1] * dot(y, n).abs()
        };
        self.axes()
            .into_iter()
            .chain(other.axes())
            .map(|n| dot(offset, n).abs() - reach(self, n) - reach(other, n))
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

fn of_object(object: &Object) -> Footprint {
    let [x, y, _] = object.center;
    let half = [0.5 * object.size[0], 0.5 * object.size[1]];
    Footprint { center: [x, y], half, x: [object.yaw.cos(), object.yaw.sin()] }
}

fn of_wall(wall: &Wall) -> Footprint {
    let d = [wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]];
    let length = d[0].hypot(d[1]);
    Footprint {
        center: [0.5 * (wall.a[0] + wall.b[0]), 0.5 * (wall.a[1] + wall.b[1])],
        half: [0.5 * length, 0.5 * wall.thickness],
        x: [d[0] / length, d[1] / length],
    }
}

/// Boxes of draft and scene that are one: the nearest of a class first, up to 2 m, as the evidence
/// distance pairs them; `None` where a box of the draft is gone.
pub fn pairs(draft: &Draft, scene: &Scene) -> Vec<Option<usize>> {
    let mut near: Vec<(f64, usize, usize)> = Vec::new();
    for (i, before) in draft.objects.iter().enumerate() {
        for (j, after) in scene.objects.iter().enumerate().filter(|(_, o)| o.class == before.class) {
            let d = (0..3).map(|k| (before.center[k] - after.center[k]).powi(2)).sum::<f64>().sqrt();
            if d <= 2.0 {
                near.push((d, i, j));
            }
        }
    }
    near.sort_by(|p, q| p.0.total_cmp(&q.0).then((p.1, p.2).cmp(&(q.1, q.2))));
    let mut found = vec![None; draft.objects.len()];
    let mut taken = vec![false; scene.objects.len()];
    for (_, i, j) in near {
        if found[i].is_none() && !taken[j] {
            found[i] = Some(j);
            taken[j] = true;
        }
    }
    found
}

/// The sums of one house; the first `real` boxes of the draft are true, the rest were made up.
pub fn breakdown(draft: &Draft, scene: &Scene, real: usize) -> Breakdown {
    let prints: Vec<Footprint> = scene.objects.iter().map(of_object).collect();
    let walls: Vec<(Footprint, bool)> =
        scene.walls.iter().map(|w| (of_wall(w), w.evidence.source == Source::Inferred)).collect();
    let mut all = Breakdown::new();
    for (i, pair) in pairs(draft, scene).into_iter().enumerate() {
        let kind = if i < real { "true" } else { "false" };
        let Some(j) = pair else {
            all.entry(format!("{kind}: removed")).or_default().boxes += 1;
            continue;
        };
        let (before, after) = (&draft.objects[i], &scene.objects[j]);
        let touches = |inferred: bool| {
            walls.iter().any(|(wall, unseen)| *unseen == inferred && wall.gap(&prints[j]).abs() < TOUCH_M)
        };
        let beside = (0..prints.len()).any(|k| {
            let other = &scene.objects[k];
            let vertical = (after.center[2] - other.center[2]).abs() - 0.5 * (after.size[2] + other.size[2]);
            k != j && vertical < -TOUCH_M && prints[k].gap(&prints[j]).abs() < TOUCH_M
        });
        let support = match &after.support {
            Support::Floor => "floor",
            Support::Object(_) => "object",
            Support::Wall(_) => "wall",
            Support::Ceiling => "ceiling",
        };
        let mut name = format!("{kind}: on {support}");
        for (holds, text) in
            [(touches(false), ", at wall"), (touches(true), ", at unseen wall"), (beside, ", at object")]
        {
            if holds {
                name.push_str(text);
            }
        }
        let d: Vec<f64> = (0..3).map(|k| after.center[k] - before.center[k]).collect();
        let plan = d[0].hypot(d[1]);
        for name in [name, format!("{kind}: all"), format!("{kind} {}", before.class)] {
            let sums = all.entry(name).or_default();
            sums.boxes += 1;
            sums.moved_m += plan.hypot(d[2]);
            sums.plan_m += plan;
            sums.up_m += d[2].abs();
        }
    }
    all
}

/// Adds the sums of another house.
pub fn add(all: &mut Breakdown, other: &Breakdown) {
    for (name, sums) in other {
        let total = all.entry(name.clone()).or_default();
        total.boxes += sums.boxes;
        total.moved_m += sums.moved_m;
        total.plan_m += sums.plan_m;
        total.up_m += sums.up_m;
    }
}

/// One line a kind: boxes, share of the whole displacement, means.
pub fn print(all: &Breakdown) {
    let whole: f64 = all.iter().filter(|(name, _)| name.ends_with(": all")).map(|(_, s)| s.moved_m).sum();
    let mut lines: Vec<_> = all.iter().collect();
    lines.sort_by(|p, q| q.1.moved_m.total_cmp(&p.1.moved_m).then(p.0.cmp(q.0)));
    for (name, sums) in lines {
        let mean = |sum: f64| 100.0 * sum / sums.boxes as f64;
        println!(
            "{name:<52} {:>6} boxes, {:>4.1} % of all; mean {:.2} cm: in plan {:.2}, up and down {:.2}",
            sums.boxes,
            100.0 * sums.moved_m / whole,
            mean(sums.moved_m),
            mean(sums.plan_m),
            mean(sums.up_m)
        );
    }
}
