//! Point clouds that know their frame: a `Cloud<World>` cannot be handed to a layout detector.

use std::marker::PhantomData;

/// Marker of a coordinate frame.
pub trait Frame: Copy + Clone + std::fmt::Debug + Send + Sync + 'static {}

/// The reconstruction's own frame: gravity, yaw and scale are arbitrary.
#[derive(Debug, Clone, Copy)]
pub struct World;

/// Z up, metres, floor at z = 0.
#[derive(Debug, Clone, Copy)]
pub struct SceneFrame;

impl Frame for World {}
impl Frame for SceneFrame {}

/// One surface point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CloudPoint {
    /// Position, units of the frame.
    pub position: [f32; 3],
    /// Unit surface normal towards the viewers; zero when unknown.
    pub normal: [f32; 3],
    /// Colour, sRGB.
    pub rgb: [u8; 3],
    /// Accumulated weight: about the number of views that agree.
    pub weight: f32,
}

/// Points in frame `F`.
#[derive(Debug, Clone)]
pub struct Cloud<F: Frame> {
    /// The points, in a deterministic order.
    pub points: Vec<CloudPoint>,
    frame: PhantomData<F>,
}

impl<F: Frame> Cloud<F> {
    /// A cloud of these points.
    #[must_use]
    pub fn new(points: Vec<CloudPoint>) -> Self {
        Self { points, frame: PhantomData }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// True without points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

impl Cloud<World> {
    /// The cloud in the scene frame.
    #[must_use]
    pub fn to_scene(&self, scene_from_world: &crate::math::Sim3) -> Cloud<SceneFrame> {
        let rotation = scene_from_world.isometry.rotation;
        let points = self
            .points
            .iter()
            .map(|point| {
                let position = scene_from_world
                    * crate::math::Point3::new(
                        f64::from(point.position[0]),
                        f64::from(point.position[1]),
                        f64::from(point.position[2]),
                    );
                let normal = rotation
                    * crate::math::Vec3::new(
                        f64::from(point.normal[0]),
                        f64::from(point.normal[1]),
                        f64::from(point.normal[2]),
                    );
                CloudPoint {
                    position: [position.x as f32, position.y as f32, position.z as f32],
                    normal: [normal.x as f32, normal.y as f32, normal.z as f32],
                    ..*point
                }
            })
            .collect();
        Cloud::new(points)
    }
}
