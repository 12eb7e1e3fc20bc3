//! Reads a point cloud from a PLY file: ascii or binary of either byte order, coordinates of any
//! scalar type, with or without normals and colours, other properties and elements skipped.

use super::Error;
use crate::cloud::{Cloud, CloudPoint, World};
use crate::math::Vec3;
use crate::report::Reporter;
use ply_rs_bw::parser::{Parser, Reader};
use ply_rs_bw::ply::{
    ElementDef, Encoding, Header, Property, PropertyAccess, PropertyAccessResult, PropertyType, ScalarType,
};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Clouds farther from their origin than this (surveying coordinates) are moved to it, because
/// positions are kept in 32 bits: at 4 km they still resolve 0.25 mm.
const MAX_ORIGIN_DISTANCE: f64 = 4096.0;
/// Normals shorter than this are unknown.
const MIN_NORMAL_LENGTH: f64 = 1e-6;
/// Normals whose length is 1 within this are taken as they are, as a rounded unit vector is: so a cloud that is written
/// and read stays the same bit by bit.
const UNIT_LENGTH_TOLERANCE: f64 = 1e-6;

/// What a PLY file held.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The points; `weight` is 1, `normal` zero where the file has none, `rgb` grey without colours.
    pub cloud: Cloud<World>,
    /// The file has normals.
    pub has_normals: bool,
    /// The file has colours.
    pub has_colors: bool,
    /// What was subtracted from the file's coordinates: file = cloud + offset. Zero unless the
    /// cloud lies far from its origin.
    pub offset: Vec3,
}

/// One vertex as it is read.
struct Vertex {
    position: [f64; 3],
    normal: [f64; 3],
    /// 0..255.
    rgb: [f64; 3],
}

impl PropertyAccess for Vertex {
    fn new() -> Self {
        Self { position: [f64::NAN; 3], normal: [0.0; 3], rgb: [128.0; 3] }
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        let Some(slot) = Slot::of(name) else { return PropertyAccessResult::Ignored };
        let Some((value, full_scale)) = scalar(&property) else { return PropertyAccessResult::Ignored };
        match slot {
            Slot::Position(axis) => self.position[axis] = value,
            Slot::Normal(axis) => self.normal[axis] = value,
            Slot::Color(channel) => self.rgb[channel] = value / full_scale * 255.0,
        }
        PropertyAccessResult::Set
    }
}

/// Meaning of a property.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    Position(usize),
    Normal(usize),
    Color(usize),
}

impl Slot {
    /// By the names that scanners, MeshLab, CloudCompare, Open3D and Blender write.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "x" | "X" => Self::Position(0),
            "y" | "Y" => Self::Position(1),
            "z" | "Z" => Self::Position(2),
            "nx" | "normal_x" => Self::Normal(0),
            "ny" | "normal_y" => Self::Normal(1),
            "nz" | "normal_z" => Self::Normal(2),
            "red" | "r" | "diffuse_red" => Self::Color(0),
            "green" | "g" | "diffuse_green" => Self::Color(1),
            "blue" | "b" | "diffuse_blue" => Self::Color(2),
            _ => return None,
        })
    }
}

/// The value, and the value that stands for full intensity if it is a colour; `None` for lists.
fn scalar(property: &Property) -> Option<(f64, f64)> {
    Some(match *property {
        Property::Char(value) => (f64::from(value), 127.0),
        Property::UChar(value) => (f64::from(value), 255.0),
        Property::Short(value) => (f64::from(value), 32767.0),
        Property::UShort(value) => (f64::from(value), 65535.0),
        // 32-bit integers hold 8-bit colours wherever they are met.
        Property::Int(value) => (f64::from(value), 255.0),
        Property::UInt(value) => (f64::from(value), 255.0),
        Property::Float(value) => (f64::from(value), 1.0),
        Property::Double(value) => (value, 1.0),
        _ => return None,
    })
}

/// Reads the file at `path`.
///
/// # Errors
/// Every variant of [`Error`]; never panics on bad data. Vertices that are not finite are dropped
/// with the warning `points-not-finite`.
pub fn read(path: &Path, reporter: &Reporter) -> Result<Contents, Error> {
    let file =
        File::open(path).map_err(|source| Error::Io { action: "open", source, path: path.to_owned() })?;
    read_from(file, path, reporter)
}

/// Reads from any source; `path` is only named in messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(source: impl Read, path: &Path, reporter: &Reporter) -> Result<Contents, Error> {
    let mut reader = Reader::new(BufReader::with_capacity(1 << 20, source));
    let parser = Parser::<Vertex>::new();
    let header = parser
        .read_header(&mut reader)
        .map_err(|error| Error::Header { reason: error.to_string(), path: path.to_owned() })?;
    check_coordinates(&header, path)?;
    let mut points = Points::default();
    for (name, element) in &header.elements {
        let is_vertex = name == "vertex";
        for index in 0..element.count {
            let vertex = read_element(&parser, &mut reader, header.encoding, element).map_err(|reason| {
                let (element, count) = (name.clone(), element.count);
                Error::Payload { element, index, count, reason, path: path.to_owned() }
            })?;
            if is_vertex {
                points.push(&vertex);
            }
        }
        if is_vertex {
            break; // what follows (faces) is not needed and may be large
        }
    }
    points.finish(&header, path, reporter)
}

fn check_coordinates(header: &Header, path: &Path) -> Result<(), Error> {
    let complete = header.elements.get("vertex").is_some_and(|element| {
        (0..3).all(|axis| element.properties.keys().any(|name| Slot::of(name) == Some(Slot::Position(axis))))
    });
    if complete {
        return Ok(());
    }
    let describe = |(name, element): (&String, &ElementDef)| {
        let properties: Vec<&str> = element.properties.keys().map(String::as_str).collect();
        format!("{name}({})", properties.join(" "))
    };
    let found = header.elements.iter().map(describe).collect::<Vec<_>>().join(", ");
    Err(Error::NoCoordinates { found, path: path.to_owned() })
}

fn read_element<R: BufRead>(
    parser: &Parser<Vertex>,
    reader: &mut Reader<R>,
    encoding: Encoding,
    element: &ElementDef,
) -> Result<Vertex, String> {
    match encoding {
        Encoding::Ascii => return read_ascii_element(reader.get_mut(), element),
        Encoding::BinaryBigEndian => parser.read_big_endian_element(reader.get_mut(), element),
        Encoding::BinaryLittleEndian => parser.read_little_endian_element(reader.get_mut(), element),
    }
    .map_err(|error| error.to_string())
}

/// The next line that is not blank as an element. Not the parser's own, whose grammar refuses the
/// `nan` and `inf` that depth sensors' tools write.
fn read_ascii_element<R: BufRead>(reader: &mut R, element: &ElementDef) -> Result<Vertex, String> {
    let mut line = String::new();
    while line.trim().is_empty() {
        line.clear();
        if reader.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
            return Err("unexpected end of file".to_owned());
        }
    }
    let mut words = line.split_ascii_whitespace();
    let mut next = |name: &str| -> Result<f64, String> {
        let word = words.next().ok_or_else(|| format!("no value for `{name}` in line `{}`", line.trim()))?;
        word.parse().map_err(|_| format!("`{word}` is not a number"))
    };
    let mut vertex = Vertex::new();
    for (name, property) in &element.properties {
        match &property.data_type {
            PropertyType::Scalar(kind) => {
                vertex.set_property(name, property_of(kind, next(name)?));
            }
            PropertyType::List(..) => {
                let count = next(name)?;
                for _ in 0..count as u64 {
                    next(name)?;
                }
            }
        }
    }
    Ok(vertex)
}

/// A value as a property of the declared type.
fn property_of(kind: &ScalarType, value: f64) -> Property {
    match kind {
        ScalarType::Char => Property::Char(value as i8),
        ScalarType::UChar => Property::UChar(value as u8),
        ScalarType::Short => Property::Short(value as i16),
        ScalarType::UShort => Property::UShort(value as u16),
        ScalarType::Int => Property::Int(value as i32),
        ScalarType::UInt => Property::UInt(value as u32),
        ScalarType::Float => Property::Float(value as f32),
        ScalarType::Double => Property::Double(value),
    }
}

/// Collects vertices.
#[derive(Default)]
struct Points {
    offset: Option<Vec3>,
    points: Vec<CloudPoint>,
    not_finite: usize,
}

impl Points {
    fn push(&mut self, vertex: &Vertex) {
        let position = Vec3::from(vertex.position);
        if !position.iter().all(|value| value.is_finite()) {
            self.not_finite += 1;
            return;
        }
        let far = position.amax() > MAX_ORIGIN_DISTANCE;
        let offset =
            *self.offset.get_or_insert_with(|| if far { position.map(f64::round) } else { Vec3::zeros() });
        let moved = position - offset;
        let normal = Vec3::from(vertex.normal);
        let normal = match normal.norm() {
            length if (length - 1.0).abs() < UNIT_LENGTH_TOLERANCE => normal,
            length if length.is_finite() && length > MIN_NORMAL_LENGTH => normal / length,
            _ => Vec3::zeros(),
        };
        self.points.push(CloudPoint {
            position: [moved.x as f32, moved.y as f32, moved.z as f32],
            normal: [normal.x as f32, normal.y as f32, normal.z as f32],
            rgb: vertex.rgb.map(|value| value.round().clamp(0.0, 255.0) as u8),
            weight: 1.0,
        });
    }

    fn finish(self, header: &Header, path: &Path, reporter: &Reporter) -> Result<Contents, Error> {
        let count = header.elements.get("vertex").map_or(0, |element| element.count);
        let not_finite = self.not_finite;
        if self.points.is_empty() {
            return Err(Error::Empty { count, not_finite, path: path.to_owned() });
        }
        if not_finite > 0 {
            reporter.warn(
                "points-not-finite",
                format!("{not_finite} of {count} points have coordinates that are not finite and were dropped: {}", path.display()),
            );
        }
        let has = |slots: [Slot; 3]| {
            header.elements.get("vertex").is_some_and(|element| {
                slots.iter().all(|slot| element.properties.keys().any(|name| Slot::of(name) == Some(*slot)))
            })
        };
        Ok(Contents {
            has_normals: has([0, 1, 2].map(Slot::Normal))
                && self.points.iter().any(|point| point.normal != [0.0; 3]),
            has_colors: has([0, 1, 2].map(Slot::Color)),
            cloud: Cloud::new(self.points),
            offset: self.offset.unwrap_or_else(Vec3::zeros),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::ply::write_to;

    fn read_text(text: &[u8]) -> Result<Contents, Error> {
        read_from(text, Path::new("test.ply"), &Reporter::default())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let points: Vec<CloudPoint> = (0..100)
            .map(|i| {
                let normal = Vec3::new(0.03 * f64::from(i), 0.6, -0.8).normalize();
                CloudPoint {
                    position: [0.1 * i as f32, -3.5, 1e-3 * i as f32],
                    normal: [normal.x as f32, normal.y as f32, normal.z as f32],
                    rgb: [i as u8, 255, 0],
                    weight: 1.0,
                }
            })
            .collect();
        let mut bytes = Vec::new();
        write_to(&mut bytes, &Cloud::<World>::new(points.clone())).expect("memory");
        let contents = read_text(&bytes).expect("own file");
        assert!(contents.has_normals && contents.has_colors);
        assert_eq!(contents.cloud.points, points);
        let cut = read_text(&bytes[..bytes.len() - 5]).expect_err("truncated");
        assert!(matches!(cut, Error::Payload { index: 99, count: 100, .. }), "{cut}");
    }

    #[test]
    fn ascii_with_doubles_lists_extras_and_float_colours() {
        let text = b"ply\nformat ascii 1.0\ncomment made elsewhere\nelement camera 1\nproperty float fov\n\
            element vertex 3\nproperty double x\nproperty double y\nproperty list uchar int tags\n\
            property double z\nproperty float red\nproperty float green\nproperty float blue\n\
            property float quality\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n\
            60\n1 2 2 7 8 3 1.0 0.5 0 9\nnan 0 0 0 0 0 0 9\n\n-1 -2 0 -3 0 0 0 9\n3 0 1 2\n";
        let reporter = Reporter::default();
        let contents = read_from(&text[..], Path::new("test.ply"), &reporter).expect("good file");
        assert_eq!(contents.cloud.len(), 2);
        assert_eq!(contents.cloud.points[0].position, [1.0, 2.0, 3.0]);
        assert_eq!(contents.cloud.points[0].rgb, [255, 128, 0]);
        assert_eq!(contents.cloud.points[1].position, [-1.0, -2.0, -3.0]);
        assert!(!contents.has_normals && contents.has_colors);
        assert_eq!(reporter.warnings()[0].code, "points-not-finite");
    }

    #[test]
    fn big_endian_and_far_away() {
        let mut bytes = b"ply\nformat binary_big_endian 1.0\nelement vertex 2\nproperty double x\n\
            property double y\nproperty double z\nend_header\n"
            .to_vec();
        for value in [500_000.25f64, 4_000_000.5, 12.0, 500_001.25, 4_000_000.5, 13.0] {
            bytes.extend(value.to_be_bytes());
        }
        let contents = read_text(&bytes).expect("good file");
        let [a, b] = [contents.cloud.points[0].position, contents.cloud.points[1].position];
        assert!((b[0] - a[0] - 1.0).abs() < 1e-6 && (b[2] - a[2] - 1.0).abs() < 1e-6);
        assert!((contents.offset.x + f64::from(a[0]) - 500_000.25).abs() < 1e-6);
    }

    #[test]
    fn bad_files_are_errors_with_a_reason() {
        let head = "ply\nformat ascii 1.0\nelement vertex ";
        let xyz = "\nproperty float x\nproperty float y\nproperty float z\nend_header\n";
        let huge = format!("{head}18446744073709551615{xyz}0 0 0\n");
        assert!(matches!(read_text(huge.as_bytes()), Err(Error::Payload { index: 1, .. })));
        assert!(matches!(read_text(format!("{head}0{xyz}").as_bytes()), Err(Error::Empty { .. })));
        assert!(matches!(read_text(format!("{head}1{xyz}nan inf 0\n").as_bytes()), Err(Error::Empty { .. })));
        assert!(matches!(read_text(format!("{head}1{xyz}a b c\n").as_bytes()), Err(Error::Payload { .. })));
        assert!(matches!(read_text(b""), Err(Error::Header { .. })));
        assert!(matches!(read_text(b"\xff\xfe\x00solid"), Err(Error::Header { .. })));
        let flat =
            b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n0 0\n";
        let message = read_text(flat).expect_err("no z").to_string();
        assert!(message.contains("vertex(x y)") && message.ends_with("test.ply"), "{message}");
        assert!(matches!(read(Path::new("/nowhere/a.ply"), &Reporter::default()), Err(Error::Io { .. })));
    }
}
