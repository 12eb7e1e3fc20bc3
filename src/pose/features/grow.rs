//! Incremental reconstruction: from a start, keyframe by keyframe, to all that can be reached.
//!
//! Schönberger & Frahm, *Structure-from-Motion Revisited*, CVPR 2016, on keyframes of a video: the next
//! keyframe is the one that sees most of the map; it is placed by P3P-RANSAC and motion-only
//! refinement, new points are triangulated, its neighbourhood is adjusted, and from time to time the
//! whole map. When nothing fits any more, points of smaller parallax are admitted step by step, which
//! carries over doorways and turns on the spot.

use super::consistency::fits_neighbours;
use super::cv::resect;
use super::map::{Map, SightId};
use super::refine::{LOSS_PX, Scope, adjust_scope, filter};
use super::two_view::Start;
use crate::math::{Point2, Point3, Pose, Vec2};
use crate::pose::Error;
use crate::pose::bundle::motion::refine_pose;
use crate::pose::bundle::{Loss, Refine};
use crate::pose::triangulate::{Limits, Sight, robust};

/// Error of a point that agrees with a view, pixels.
pub const INLIER_PX: f64 = 3.0;
/// The same while a view is being placed (its focal length may still be off).
const RESECT_PX: f64 = 5.0;
/// Fewest agreeing points that place a view.
const MIN_INLIERS: usize = 14;
/// Least share of agreeing points that places a view.
const MIN_INLIER_SHARE: f64 = 0.25;
/// Smallest parallax of a new point, radians; each stage admits flatter ones than the one before.
const STAGES_RAD: [f64; 4] = [0.026, 0.013, 0.006, 0.003];
/// Views that are adjusted after a view was placed.
const LOCAL_VIEWS: usize = 7;
/// The whole map is adjusted when it has grown by this factor.
const GLOBAL_GROWTH: f64 = 1.3;
/// Views from which intrinsics can be adjusted.
const MIN_VIEWS_FOR_FOCAL: usize = 5;

/// What may be adjusted and how far to go.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Intrinsics that are free in global adjustments.
    pub refine: Refine,
    /// Stop at this number of placed views.
    pub max_views: usize,
}

/// Grows a map.
pub struct Grower {
    /// The map.
    pub map: Map,
    plan: Plan,
    stage: usize,
    failed_at: Vec<usize>,
    adjusted_at: usize,
}

impl Grower {
    /// Starts a map from a pair of views; `None` when the pair gives too few points.
    #[must_use]
    pub fn start(mut map: Map, start: &Start, plan: Plan) -> Option<Self> {
        map.views[start.a].pose = Some(Pose::identity());
        map.views[start.b].pose = Some(start.pose);
        let failed_at = vec![0; map.views.len()];
        let mut grower = Self { map, plan, stage: 0, failed_at, adjusted_at: 2 };
        grower.triangulate(&[start.b]);
        if grower.map.live_points().count() < MIN_INLIERS {
            grower.stage = 1;
            grower.triangulate(&[start.b]);
        }
        grower.adjust(vec![start.b], Refine::Nothing, 20);
        grower.clean();
        (grower.map.live_points().count() >= MIN_INLIERS).then_some(grower)
    }

    /// Continues a finished map (after sub-maps were joined or loops closed).
    #[must_use]
    pub fn resume(map: Map, plan: Plan) -> Self {
        let failed_at = vec![0; map.views.len()];
        let adjusted_at = map.placed().len();
        Self { map, plan, stage: 0, failed_at, adjusted_at }
    }

    /// Changes what is adjusted from here on.
    pub fn set_plan(&mut self, plan: Plan) {
        self.plan = plan;
    }

    /// Grows as far as the plan and the data allow.
    ///
    /// # Errors
    /// When an OpenCV routine fails.
    pub fn grow(&mut self) -> Result<(), Error> {
        self.grow_until(|_| false)
    }

    /// Grows until `enough` says so, or as far as the plan and the data allow.
    ///
    /// # Errors
    /// When an OpenCV routine fails.
    pub fn grow_until(&mut self, enough: impl Fn(&Map) -> bool) -> Result<(), Error> {
        while self.map.placed().len() < self.plan.max_views && !enough(&self.map) {
            if let Some(view) = self.place_next()? {
                self.stage = self.stage.min(1);
                self.triangulate(&[view]);
                self.adjust_around(view);
                let placed = self.map.placed().len();
                if placed as f64 >= GLOBAL_GROWTH * self.adjusted_at as f64 || placed <= 5 {
                    self.adjust_all(8);
                }
            } else if self.stage + 1 < STAGES_RAD.len() {
                self.adjust_all(8);
                self.stage += 1;
                self.failed_at.fill(0);
                self.retriangulate();
            } else {
                break;
            }
        }
        self.adjust_all(10);
        Ok(())
    }

    /// Points of the map that a view may see, with the features that show them.
    fn visible(&self, view: usize) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for (k, feature) in self.map.views[view].features.iter().enumerate() {
            if let Some(track) = feature.track {
                found.extend(self.map.tracks[track as usize].points.iter().map(|&p| (k as u32, p)));
            }
        }
        found
    }

    fn place_next(&mut self) -> Result<Option<usize>, Error> {
        let mut ranked: Vec<(usize, usize)> = (0..self.map.views.len())
            .filter(|&v| self.map.views[v].pose.is_none())
            .map(|v| (self.map.visible[v], v))
            .filter(|&(count, v)| count >= MIN_INLIERS && count > self.failed_at[v] + self.failed_at[v] / 8)
            .collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (count, view) in ranked {
            if self.place(view)? {
                return Ok(Some(view));
            }
            self.failed_at[view] = count;
        }
        Ok(None)
    }

    /// Places a view by the points that it sees.
    fn place(&mut self, view: usize) -> Result<bool, Error> {
        let visible = self.visible(view);
        let feature = |k: u32| &self.map.views[view].features[k as usize];
        let position = |p: u32| self.map.points[p as usize].as_ref().map(|point| point.position);
        let pairs: Vec<(u32, u32, Point3)> =
            visible.iter().filter_map(|&(k, p)| position(p).map(|x| (k, p, x))).collect();
        let points: Vec<Point3> = pairs.iter().map(|&(_, _, x)| x).collect();
        let rays: Vec<Vec2> = pairs.iter().map(|&(k, _, _)| feature(k).ray).collect();
        let Some((pose, inliers)) = resect(&self.map.camera, &points, &rays, RESECT_PX)? else {
            return Ok(false);
        };
        if inliers.len() < MIN_INLIERS {
            return Ok(false);
        }
        let chosen: Vec<(Point3, Point2)> =
            inliers.iter().map(|&k| (pairs[k].2, feature(pairs[k].0).pixel)).collect();
        let pose = refine_pose(&self.map.camera, &pose, &chosen, Loss::Huber(LOSS_PX));
        let all: Vec<(Point3, Point2)> = pairs.iter().map(|&(k, _, x)| (x, feature(k).pixel)).collect();
        let pose = refine_pose(&self.map.camera, &pose, &all, Loss::Cauchy(LOSS_PX));
        self.map.views[view].pose = Some(pose);
        let agreeing: Vec<(u32, u32)> = pairs
            .iter()
            .filter(|&&(k, _, x)| self.map.error_px(&x, (view as u32, k)) <= RESECT_PX)
            .map(|&(k, p, _)| (k, p))
            .collect();
        let tracks = pairs.len().max(1);
        let enough =
            agreeing.len() >= MIN_INLIERS && agreeing.len() as f64 >= MIN_INLIER_SHARE * tracks as f64;
        if !enough || !fits_neighbours(&self.map, view) {
            self.map.views[view].pose = None;
            return Ok(false);
        }
        for (k, p) in agreeing {
            if self.map.views[view].features[k as usize].point.is_none() {
                self.map.add_sight(p, (view as u32, k));
            }
        }
        Ok(true)
    }

    fn limits(&self) -> Limits {
        Limits { max_error_px: INLIER_PX, min_angle_rad: STAGES_RAD[self.stage] }
    }

    /// Triangulates the tracks of these views that have sights without a point.
    pub fn triangulate(&mut self, views: &[usize]) {
        for &view in views {
            let tracks: Vec<u32> = self.map.views[view]
                .features
                .iter()
                .filter(|f| f.point.is_none())
                .filter_map(|f| f.track)
                .collect();
            for track in tracks {
                self.triangulate_track(track);
            }
        }
    }

    /// Tries all tracks of all placed views again.
    pub fn retriangulate(&mut self) {
        for track in 0..self.map.tracks.len() as u32 {
            self.triangulate_track(track);
        }
    }

    fn triangulate_track(&mut self, track: u32) {
        let map = &self.map;
        let open: Vec<SightId> = map.tracks[track as usize]
            .sights
            .iter()
            .copied()
            .filter(|&s| map.views[s.0 as usize].pose.is_some() && map.feature(s).point.is_none())
            .collect();
        let points = map.tracks[track as usize].points.clone();
        let mut rest = Vec::new();
        for sight in open {
            let fitting = points.iter().copied().find(|&p| {
                self.map.points[p as usize]
                    .as_ref()
                    .is_some_and(|point| self.map.error_px(&point.position, sight) <= INLIER_PX)
            });
            match fitting {
                Some(point) => self.map.add_sight(point, sight),
                None => rest.push(sight),
            }
        }
        if rest.len() < 2 {
            return;
        }
        let sights: Vec<Sight> = rest.iter().filter_map(|&s| self.map.sight(s)).collect();
        if let Some((position, inliers)) = robust(&self.map.camera, &sights, self.limits()) {
            self.map.add_point(track, position, inliers.into_iter().map(|k| rest[k]).collect());
        }
    }

    /// Views that share most points with one.
    fn neighbours(&self, view: usize) -> Vec<usize> {
        let mut counts = vec![0usize; self.map.views.len()];
        for feature in &self.map.views[view].features {
            let Some(point) = feature.point.and_then(|p| self.map.points[p as usize].as_ref()) else {
                continue;
            };
            point.sights.iter().for_each(|s| counts[s.0 as usize] += 1);
        }
        counts[view] = 0;
        let mut ranked: Vec<usize> = (0..counts.len()).filter(|&v| counts[v] > 0).collect();
        ranked.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then(a.cmp(&b)));
        ranked
    }

    fn adjust_around(&mut self, view: usize) {
        let mut free = self.neighbours(view);
        free.truncate(LOCAL_VIEWS - 1);
        // The oldest shared views hold the gauge when the map is as small as the window.
        if free.len() + 1 >= self.map.placed().len() {
            free.sort_unstable();
            free.truncate(free.len().saturating_sub(1));
        }
        free.push(view);
        self.adjust(free, Refine::Nothing, 6);
        self.clean_views(view);
    }

    fn clean_views(&mut self, view: usize) {
        let ids: Vec<u32> = self.map.views[view].features.iter().filter_map(|f| f.point).collect();
        for id in ids {
            let Some(point) = &self.map.points[id as usize] else { continue };
            let position = point.position;
            let bad: Vec<SightId> = point
                .sights
                .iter()
                .copied()
                .filter(|&s| self.map.error_px(&position, s) > INLIER_PX * 1.3)
                .collect();
            bad.into_iter().for_each(|sight| self.map.remove_sight(id, sight));
            if self.map.points[id as usize].as_ref().is_some_and(|p| p.sights.len() < 2) {
                self.map.remove_point(id);
            }
        }
    }

    fn adjust(&mut self, free: Vec<usize>, refine: Refine, iterations: usize) {
        adjust_scope(&mut self.map, &Scope { free, refine, iterations, tolerance: 1e-3 });
    }

    fn clean(&mut self) {
        filter(&mut self.map, INLIER_PX, 0.5 * STAGES_RAD[self.stage]);
    }

    /// Adjusts the whole map, weeds and triangulates again.
    pub fn adjust_all(&mut self, iterations: usize) {
        let placed = self.map.placed();
        let refine = if placed.len() >= MIN_VIEWS_FOR_FOCAL { self.plan.refine } else { Refine::Nothing };
        self.adjusted_at = placed.len();
        self.adjust(placed, refine, iterations);
        self.clean();
        self.unplace_orphans();
        self.retriangulate();
    }

    /// Views that lost their points are not placed any more.
    fn unplace_orphans(&mut self) {
        for view in self.map.placed() {
            let sights = self.map.views[view].features.iter().filter(|f| f.point.is_some()).count();
            if sights < MIN_INLIERS {
                self.map.unplace(view);
            }
        }
    }
}
