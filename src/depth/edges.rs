//! Straight edges in the pictures of the depth maps, as planes through the camera.
//!
//! Method: line segments by LSD (Grompone von Gioi et al., PAMI 2010; OpenCV's), each with its camera
//! centre spans a plane whose normal is perpendicular to the edge in space (Barnard, "Interpreting
//! perspective images", 1983). Edges of walls, doors and furniture are plumb, so that their normals
//! are witnesses of up that need no depth. World frame. Builds without OpenCV find none.

use super::DepthMaps;
use crate::math::Vec3;

/// Segments shorter than this share of the image width have no sure direction.
#[cfg(feature = "opencv")]
const MIN_LENGTH_SHARE: f64 = 0.07;
/// Longest segments that are kept of a picture.
#[cfg(feature = "opencv")]
const PER_PICTURE: usize = 60;

/// A segment's plane through the camera centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgePlane {
    /// Unit normal, world frame: perpendicular to the edge.
    pub normal: Vec3,
    /// Length of the segment, pixels of the picture.
    pub length_px: f64,
}

/// The edges of all pictures, in their order.
#[cfg(not(feature = "opencv"))]
#[must_use]
pub fn edge_planes(_maps: &DepthMaps) -> Vec<EdgePlane> {
    Vec::new()
}

/// The edges of all pictures, in their order. A picture in which OpenCV's detector fails has none.
#[cfg(feature = "opencv")]
#[must_use]
pub fn edge_planes(maps: &DepthMaps) -> Vec<EdgePlane> {
    use crate::math::Point2;
    use rayon::prelude::*;
    let of_map = |map: &super::DepthMap| -> Vec<EdgePlane> {
        let gray = crate::video::quality::gray(&map.color);
        let mut segments = segments(&gray, map.color.width(), map.color.height()).unwrap_or_default();
        segments.retain(|s| length(s) >= MIN_LENGTH_SHARE * f64::from(map.color.width()));
        segments.sort_by(|a, b| length(b).total_cmp(&length(a)));
        segments.truncate(PER_PICTURE);
        segments
            .iter()
            .filter_map(|s| {
                let [a, b] = [[s[0], s[1]], [s[2], s[3]]]
                    .map(|[x, y]| map.camera.normalize(Point2::new(f64::from(x), f64::from(y))).push(1.0));
                let normal = (map.world_from_camera.rotation * a.cross(&b)).try_normalize(1e-12)?;
                Some(EdgePlane { normal, length_px: length(s) })
            })
            .collect()
    };
    maps.maps.par_iter().map(of_map).collect::<Vec<_>>().into_iter().flatten().collect()
}

#[cfg(feature = "opencv")]
fn length(segment: &[f32; 4]) -> f64 {
    f64::from(segment[2] - segment[0]).hypot(f64::from(segment[3] - segment[1]))
}

/// Ends of the segments of a gray picture, pixels.
#[cfg(feature = "opencv")]
fn segments(gray: &[u8], width: u32, height: u32) -> opencv::Result<Vec<[f32; 4]>> {
    use opencv::core::{Mat, Vec4f, Vector, no_array};
    use opencv::imgproc;
    use opencv::prelude::*;
    let image = Mat::new_rows_cols_with_data(height as i32, width as i32, gray)?;
    let mut detector = imgproc::create_line_segment_detector_def()?;
    let mut lines: Vector<Vec4f> = Vector::new();
    detector.detect(&image, &mut lines, &mut no_array(), &mut no_array(), &mut no_array())?;
    Ok(lines.iter().map(|line| line.0).collect())
}

#[cfg(all(test, feature = "opencv"))]
mod tests {
    use super::*;
    use crate::camera::Camera;
    use crate::depth::DepthMap;
    use crate::math::{Pose, Rotation};
    use image::{Rgb, RgbImage};

    #[test]
    fn plumb_edges_give_normals_perpendicular_to_up() {
        let camera = Camera::centred(160, 120, 120.0);
        // A rolled and pitched camera looks at plumb stripes of a distant wall; y is down in the world.
        let rotation = Rotation::from_euler_angles(0.1, -0.2, 0.15);
        let color = RgbImage::from_fn(160, 120, |x, y| {
            let ray = camera.normalize(crate::math::Point2::new(f64::from(x), f64::from(y))).push(1.0);
            let ray = rotation * ray;
            let stripe = (ray.x / ray.z * 6.0).floor().rem_euclid(2.0);
            Rgb([if stripe > 0.5 { 200 } else { 40 }; 3])
        });
        let map = DepthMap {
            frame_idx: 0,
            camera,
            world_from_camera: Pose::from_parts(Vec3::new(1.0, 2.0, 3.0).into(), rotation),
            depth: vec![0.0; 160 * 120],
            confidence: vec![0; 160 * 120],
            color,
        };
        let edges = edge_planes(&DepthMaps { maps: vec![map], source: String::new() });
        assert!(edges.len() >= 3, "{} edges", edges.len());
        for edge in &edges {
            assert!(edge.normal.y.abs() < 0.03, "{edge:?}");
        }
    }
}
