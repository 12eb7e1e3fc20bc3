//! The figures as a table for people.

use super::{Consistency, Share};
use std::fmt::Write;

/// Failing elements that are named in the table.
const NAMED: usize = 8;

impl Consistency {
    /// One line a figure, failing elements named.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            writeln!(text, "{name:<20} {value}").expect("because writing to a String cannot fail");
        };
        let c = &self.collision;
        line(
            "collision",
            format!("{} of {} objects, deepest {:.1} mm", c.colliding, self.objects, c.deepest_mm),
        );
        for pair in c.pairs.iter().take(NAMED) {
            line("", format!("{} in {}: {:.1} mm", pair.elements[0], pair.elements[1], pair.depth_mm));
        }
        line("support", share(&self.support));
        line("in bounds", share(&self.in_bounds));
        let o = &self.opening_clearance;
        line(
            "opening clearance",
            format!(
                "doors {:.0} %, windows {:.0} %, blocked: {}",
                100.0 * o.doors,
                100.0 * o.windows,
                names(&o.blocked)
            ),
        );
        let n = &self.navigability;
        line(
            "navigability",
            format!(
                "largest part {:.1} % of {:.1} m² free for a robot {:.1} m wide",
                100.0 * n.largest_share,
                n.free_area_m2,
                2.0 * n.robot_radius_m
            ),
        );
        line("reachability", share(&n.reachable));
        let w = &self.watertight;
        line("watertight rooms", format!("{}, widest gap {:.1} mm", share(&w.rooms), w.widest_gap_mm));
        line("openings in wall", share(&w.openings));
        line("corners shared", if w.corners_shared { "yes".into() } else { "no".into() });
        let s = &self.stability;
        line(
            "stability",
            format!(
                "{} still for {:.0} s, farthest move {:.1} mm",
                share(&s.still),
                s.seconds,
                1000.0 * s.farthest_m
            ),
        );
        if let Some(e) = &self.evidence {
            line(
                "evidence distance",
                format!(
                    "boxes mean {:.1} mm, max {:.1} mm; walls mean {:.1} mm, max {:.1} mm",
                    1000.0 * e.boxes_mean_m,
                    1000.0 * e.boxes_max_m,
                    1000.0 * e.walls_mean_m,
                    1000.0 * e.walls_max_m
                ),
            );
            line(
                "",
                format!(
                    "removed: {} boxes, {} walls, {} openings; inferred: {} walls",
                    e.boxes_removed, e.walls_removed, e.openings_removed, e.walls_added
                ),
            );
        }
        line("unresolved findings", self.unresolved_findings.to_string());
        line("verdict", if self.is_consistent() { "consistent".into() } else { "inconsistent".into() });
        text
    }
}

fn share(share: &Share) -> String {
    let rate = format!("{} of {} ({:.1} %)", share.count, share.total, 100.0 * share.rate);
    if share.failing.is_empty() { rate } else { format!("{rate}, not: {}", names(&share.failing)) }
}

fn names(ids: &[crate::scene::ElementId]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    let rest = ids.len().saturating_sub(NAMED);
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}
