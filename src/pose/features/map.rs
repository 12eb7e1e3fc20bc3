//! The map that is being built: views, tracks through them, points of the tracks.
//!
//! A track joins features of different views that are believed to show one point of the scene. It
//! owns no point, one, or (while a loop is open) several; each point keeps the sights that agree
//! with it. Poses are `camera_from_world`.

use super::frontend::Tracked;
use super::matching::PairMatches;
use crate::camera::Camera;
use crate::math::{Point2, Point3, Pose, Vec2};
use crate::pose::triangulate::Sight;

/// A feature of a view.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// Pixel (distorted).
    pub pixel: Point2,
    /// Normalised coordinates under the map's camera.
    pub ray: Vec2,
    /// Colour.
    pub rgb: [u8; 3],
    /// Its track, when it has one.
    pub track: Option<u32>,
    /// The point that it agrees with.
    pub point: Option<u32>,
}

/// A keyframe in the map.
#[derive(Debug, Clone)]
pub struct View {
    /// Index into `FrameSet::frames`.
    pub frame_idx: usize,
    /// Features: the corners first, then the descriptors.
    pub features: Vec<Feature>,
    /// How many of the features are corners.
    pub corners: usize,
    /// `camera_from_world` once placed.
    pub pose: Option<Pose>,
}

/// Where something was seen: view and feature.
pub type SightId = (u32, u32);

/// Features that show one point.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// Ascending by view.
    pub sights: Vec<SightId>,
    /// Its live points.
    pub points: Vec<u32>,
}

/// A triangulated point.
#[derive(Debug, Clone)]
pub struct MapPoint {
    /// Position in the world.
    pub position: Point3,
    /// Sights that agree.
    pub sights: Vec<SightId>,
    /// Its track.
    pub track: u32,
}

/// The map.
#[derive(Debug, Clone)]
pub struct Map {
    /// Present intrinsics.
    pub camera: Camera,
    /// Keyframes in time order.
    pub views: Vec<View>,
    /// Tracks.
    pub tracks: Vec<Track>,
    /// Points; removed ones leave a hole.
    pub points: Vec<Option<MapPoint>>,
    /// Track of the map for each corner track of the front end.
    pub track_of_corner: Vec<Option<u32>>,
    /// Per view: how many points its tracks have (placed or not, agreeing or not).
    pub visible: Vec<usize>,
}

struct Sets {
    parent: Vec<u32>,
    views: Vec<Vec<u32>>,
}

impl Sets {
    fn root(&mut self, mut k: u32) -> u32 {
        while self.parent[k as usize] != k {
            let up = self.parent[self.parent[k as usize] as usize];
            self.parent[k as usize] = up;
            k = up;
        }
        k
    }

    /// Joins two sets unless they share a view (one point is seen once per view).
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b || self.views[a as usize].iter().any(|v| self.views[b as usize].binary_search(v).is_ok()) {
            return;
        }
        let (keep, gone) =
            if self.views[a as usize].len() >= self.views[b as usize].len() { (a, b) } else { (b, a) };
        let moved = std::mem::take(&mut self.views[gone as usize]);
        let views = &mut self.views[keep as usize];
        views.extend(moved);
        views.sort_unstable();
        self.parent[gone as usize] = keep;
    }
}

impl Map {
    /// Views and tracks of what the front end found; nothing is placed yet.
    #[must_use]
    pub fn new(tracked: &Tracked, matches: &[PairMatches], camera: Camera) -> Self {
        let views: Vec<View> = tracked
            .keyframes
            .iter()
            .map(|keyframe| {
                let corners = keyframe.corners.iter().map(|c| c.pixel).zip(&keyframe.corner_rgb);
                let others = keyframe.descriptors.pixels.iter().copied().zip(&keyframe.descriptor_rgb);
                let features = corners
                    .chain(others)
                    .map(|(pixel, rgb)| {
                        let pixel = Point2::new(f64::from(pixel[0]), f64::from(pixel[1]));
                        Feature { pixel, ray: camera.normalize(pixel), rgb: *rgb, track: None, point: None }
                    })
                    .collect();
                View { frame_idx: keyframe.frame_idx, features, corners: keyframe.corners.len(), pose: None }
            })
            .collect();
        let mut map = Self {
            camera,
            visible: vec![0; views.len()],
            views,
            tracks: Vec::new(),
            points: Vec::new(),
            track_of_corner: Vec::new(),
        };
        map.link(tracked, matches);
        map
    }

    fn link(&mut self, tracked: &Tracked, matches: &[PairMatches]) {
        let mut offsets = Vec::with_capacity(self.views.len());
        let mut total = 0u32;
        for view in &self.views {
            offsets.push(total);
            total += view.features.len() as u32;
        }
        let mut owner = vec![0u32; total as usize];
        for (v, view) in self.views.iter().enumerate() {
            let from = offsets[v] as usize;
            owner[from..from + view.features.len()].fill(v as u32);
        }
        let mut sets = Sets { parent: (0..total).collect(), views: owner.iter().map(|&v| vec![v]).collect() };
        let mut last: Vec<Option<u32>> = vec![None; tracked.tracks as usize];
        for (v, keyframe) in tracked.keyframes.iter().enumerate() {
            for (k, corner) in keyframe.corners.iter().enumerate() {
                let id = offsets[v] + k as u32;
                if let Some(before) = last[corner.track as usize].replace(id) {
                    sets.join(before, id);
                }
            }
        }
        for pair in matches {
            let (skip_a, skip_b) = (
                tracked.keyframes[pair.a].corners.len() as u32,
                tracked.keyframes[pair.b].corners.len() as u32,
            );
            for &(i, j) in &pair.matches {
                sets.join(offsets[pair.a] + skip_a + i, offsets[pair.b] + skip_b + j);
            }
        }
        let mut track_of_root: Vec<Option<u32>> = vec![None; total as usize];
        for id in 0..total {
            let root = sets.root(id);
            if sets.views[root as usize].len() < 2 {
                continue;
            }
            let track = *track_of_root[root as usize].get_or_insert_with(|| {
                self.tracks.push(Track::default());
                self.tracks.len() as u32 - 1
            });
            let view = owner[id as usize];
            let feature = id - offsets[view as usize];
            self.views[view as usize].features[feature as usize].track = Some(track);
            self.tracks[track as usize].sights.push((view, feature));
        }
        self.track_of_corner =
            last.iter().map(|id| id.and_then(|id| track_of_root[sets.root(id) as usize])).collect();
    }

    /// The feature of a sight.
    #[must_use]
    pub fn feature(&self, sight: SightId) -> &Feature {
        &self.views[sight.0 as usize].features[sight.1 as usize]
    }

    /// The sight for triangulation; `None` while its view is not placed.
    #[must_use]
    pub fn sight(&self, id: SightId) -> Option<Sight> {
        let feature = self.feature(id);
        self.views[id.0 as usize].pose.map(|pose| Sight { pose, ray: feature.ray, pixel: feature.pixel })
    }

    /// Placed views.
    #[must_use]
    pub fn placed(&self) -> Vec<usize> {
        (0..self.views.len()).filter(|&v| self.views[v].pose.is_some()).collect()
    }

    /// Takes new intrinsics and recomputes all rays.
    pub fn set_camera(&mut self, camera: Camera) {
        self.camera = camera;
        for view in &mut self.views {
            for feature in &mut view.features {
                feature.ray = camera.normalize(feature.pixel);
            }
        }
    }

    /// Adds a point of a track.
    pub fn add_point(&mut self, track: u32, position: Point3, sights: Vec<SightId>) -> u32 {
        let id = self.points.len() as u32;
        for &(view, feature) in &sights {
            self.views[view as usize].features[feature as usize].point = Some(id);
        }
        let owner = &mut self.tracks[track as usize];
        owner.points.push(id);
        owner.sights.iter().for_each(|s| self.visible[s.0 as usize] += 1);
        self.points.push(Some(MapPoint { position, sights, track }));
        id
    }

    /// Removes a point.
    pub fn remove_point(&mut self, id: u32) {
        if let Some(point) = self.points[id as usize].take() {
            for (view, feature) in point.sights {
                self.views[view as usize].features[feature as usize].point = None;
            }
            let owner = &mut self.tracks[point.track as usize];
            owner.points.retain(|&p| p != id);
            owner.sights.iter().for_each(|s| self.visible[s.0 as usize] -= 1);
        }
    }

    /// Lets a point be seen in one more view.
    pub fn add_sight(&mut self, id: u32, sight: SightId) {
        if let Some(point) = &mut self.points[id as usize] {
            point.sights.push(sight);
            self.views[sight.0 as usize].features[sight.1 as usize].point = Some(id);
        }
    }

    /// Removes one sight of a point.
    pub fn remove_sight(&mut self, id: u32, sight: SightId) {
        if let Some(point) = &mut self.points[id as usize] {
            point.sights.retain(|&s| s != sight);
            self.views[sight.0 as usize].features[sight.1 as usize].point = None;
        }
    }

    /// Takes a view out: its sights, and points that fewer than two views are left to see.
    pub fn unplace(&mut self, view: usize) {
        for k in 0..self.views[view].features.len() {
            let Some(point) = self.views[view].features[k].point else { continue };
            self.remove_sight(point, (view as u32, k as u32));
            if self.points[point as usize].as_ref().is_some_and(|p| p.sights.len() < 2) {
                self.remove_point(point);
            }
        }
        self.views[view].pose = None;
    }

    /// Reprojection error of a point in a sight, pixels; infinite when behind or not placed.
    #[must_use]
    pub fn error_px(&self, position: &Point3, sight: SightId) -> f64 {
        let feature = self.feature(sight);
        self.views[sight.0 as usize]
            .pose
            .and_then(|pose| {
                crate::pose::bundle::residual::residual(&self.camera, &pose, position, &feature.pixel)
            })
            .map_or(f64::INFINITY, |r| r.norm())
    }

    /// Live points.
    pub fn live_points(&self) -> impl Iterator<Item = (u32, &MapPoint)> {
        self.points.iter().enumerate().filter_map(|(k, point)| point.as_ref().map(|point| (k as u32, point)))
    }

    /// RMS reprojection error over all sights, pixels.
    #[must_use]
    pub fn rms_error_px(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for (_, point) in self.live_points() {
            for &sight in &point.sights {
                sum += self.error_px(&point.position, sight).min(1e3).powi(2);
                count += 1;
            }
        }
        (sum / count.max(1) as f64).sqrt()
    }

    /// Pairs of features of two views on the same track: `(feature of a, feature of b)`.
    #[must_use]
    pub fn shared_tracks(&self, a: usize, b: usize) -> Vec<(u32, u32)> {
        let mut slots: Vec<(u32, u32)> = self.views[a]
            .features
            .iter()
            .enumerate()
            .filter_map(|(k, f)| f.track.map(|track| (track, k as u32)))
            .collect();
        slots.sort_unstable();
        let mut pairs: Vec<(u32, u32)> = self.views[b]
            .features
            .iter()
            .enumerate()
            .filter_map(|(k, f)| {
                let track = f.track?;
                let slot = slots.binary_search_by_key(&track, |s| s.0).ok()?;
                Some((slots[slot].1, k as u32))
            })
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// Makes the first placed view the origin of the world, and `depth` the median depth of what the
    /// placed views see.
    pub fn normalize(&mut self, depth: f64) {
        let Some(first) = self.views.iter().find_map(|view| view.pose) else { return };
        let mut depths = Vec::new();
        for (_, point) in self.live_points() {
            let poses = point.sights.iter().filter_map(|s| self.views[s.0 as usize].pose);
            depths.extend(poses.map(|pose| (pose * point.position).z));
        }
        let scale = depth / crate::math::median(&depths).filter(|d| *d > 0.0).unwrap_or(depth);
        let back = first.inverse();
        for view in &mut self.views {
            if let Some(pose) = &mut view.pose {
                *pose *= back;
                pose.translation.vector *= scale;
            }
        }
        for point in self.points.iter_mut().flatten() {
            point.position = (first * point.position) * scale;
        }
    }
}
