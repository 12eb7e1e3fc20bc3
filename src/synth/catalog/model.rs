//! A catalogue mesh in the local frame of items.
//!
//! Takes OBJ and MTL text of a library, gives triangles in a unit box: x and y in −0.5..0.5 with
//! the front towards −y, z in 0..1 upwards. Files have y up and their front towards +z; as in Sweet
//! Home 3D, the rotated mesh's bounding box is the catalogue's width, depth and height. Meshes with
//! many triangles are simplified by vertex clustering (Rossignac and Borrel 1993). Pictures are
//! reduced to their mean colour; a procedural pattern stands in for their detail.

use super::super::material::{Kind, Material, Pattern};
use super::entry::Entry;
use super::outward::{Region, regions};
use super::source::Source;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use tobj::LoadOptions;

/// Triangles after simplification; what stays above is left out.
const MAX_TRIANGLES: usize = 12_000;
/// Meshes with more triangles are not simplified but left out.
const MAX_SOURCE_TRIANGLES: usize = 100_000;
/// Cells of vertex clustering that are tried, metres; coarser ones would round legs away.
const CLUSTER_CELLS_M: [f64; 4] = [0.003, 0.006, 0.009, 0.013];
/// Materials with less opacity are glass.
const GLASS_BELOW: f32 = 0.6;
/// Pixels of a picture that its mean colour is taken from, along each side.
const PICTURE_SAMPLES: u32 = 64;
/// Pictures with a larger share of transparent pixels are cut-outs (leaves), which have no mesh.
const CUT_OUT_SHARE: f32 = 0.2;

/// A triangle in the unit box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facet {
    /// Corners.
    pub p: [[f64; 3]; 3],
    /// Index of its material.
    pub material: usize,
}

/// A mesh with its surfaces.
#[derive(Debug)]
pub struct Model {
    /// What the list says.
    pub entry: Entry,
    /// Triangles.
    pub facets: Vec<Facet>,
    /// Surfaces of the triangles.
    pub materials: Vec<Material>,
    regions: OnceLock<Vec<Region>>,
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.entry == other.entry
    }
}

impl Model {
    /// Reads a mesh.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub fn read(entry: &Entry, source: &Source) -> Result<Self, String> {
        let bytes = source.read(&entry.path)?;
        let text = String::from_utf8_lossy(&bytes);
        let folder = Path::new(&entry.path).parent().unwrap_or_else(|| Path::new(""));
        let beside = |name: &Path| folder.join(name).to_string_lossy().into_owned();
        let options =
            LoadOptions { triangulate: true, single_index: false, ignore_points: true, ignore_lines: true };
        let (meshes, materials) = tobj::load_obj_buf(&mut text.as_bytes(), &options, |name| {
            // A mesh without its surfaces is still a shape: the list of materials stays empty.
            let bytes = source.read(&beside(name)).unwrap_or_default();
            tobj::load_mtl_buf(&mut String::from_utf8_lossy(&bytes).as_bytes())
                .or_else(|_| Ok((Vec::new(), Default::default())))
        })
        .map_err(|e| format!("unreadable mesh, {e}"))?;
        let materials = materials.unwrap_or_default();
        let plain = materials.len();
        let mut facets = Vec::new();
        for mesh in meshes.iter().map(|m| &m.mesh) {
            let material = mesh.material_id.filter(|&m| m < plain).unwrap_or(plain);
            let corner = |i: u32| -> Option<[f64; 3]> {
                let at = 3 * i as usize;
                let p: [f32; 3] = mesh.positions.get(at..at + 3)?.try_into().ok()?;
                Some(p.map(f64::from))
            };
            for t in mesh.indices.chunks_exact(3) {
                let (Some(a), Some(b), Some(c)) = (corner(t[0]), corner(t[1]), corner(t[2])) else {
                    continue;
                };
                facets.push(Facet { p: [a, b, c].map(|p| upright(entry, p)), material });
            }
        }
        if facets.len() > MAX_SOURCE_TRIANGLES {
            return Err(format!("{} triangles, more than {MAX_SOURCE_TRIANGLES}", facets.len()));
        }
        let facets = simplified(normalized(facets)?, entry.size_m)?;
        let mut surfaces = Vec::new();
        for material in &materials {
            surfaces.push(surface(material, entry, |name| source.read(&beside(Path::new(name))))?);
        }
        surfaces.push(Material::default());
        Ok(Self { entry: entry.clone(), facets, materials: surfaces, regions: OnceLock::new() })
    }

    /// Flat pieces of the surface with their outer side, found when first asked for.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        self.regions.get_or_init(|| regions(&self.facets, self.entry.size_m))
    }
}

/// A point of the file in upright axes: x right, y backwards, z up.
fn upright(entry: &Entry, p: [f64; 3]) -> [f64; 3] {
    let r = &entry.rotation;
    let q: [f64; 3] = std::array::from_fn(|k| r[3 * k] * p[0] + r[3 * k + 1] * p[1] + r[3 * k + 2] * p[2]);
    (0..entry.quarter_turns).fold([q[0], -q[2], q[1]], |q, _| [-q[1], q[0], q[2]])
}

/// Moves the bounding box to the unit box.
fn normalized(mut facets: Vec<Facet>) -> Result<Vec<Facet>, String> {
    facets.retain(|f| f.p.iter().flatten().all(|c| c.is_finite()));
    let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
    for p in facets.iter().flat_map(|f| f.p) {
        for k in 0..3 {
            (low[k], high[k]) = (low[k].min(p[k]), high[k].max(p[k]));
        }
    }
    let extent: [f64; 3] = std::array::from_fn(|k| high[k] - low[k]);
    if !extent.iter().all(|e| e.is_finite() && *e > 1e-9) {
        return Err("the mesh is empty or flat".to_owned());
    }
    for p in facets.iter_mut().flat_map(|f| &mut f.p) {
        *p = std::array::from_fn(|k| (p[k] - low[k]) / extent[k] - if k < 2 { 0.5 } else { 0.0 });
    }
    Ok(facets)
}

/// Merges vertices within cells until few enough triangles are left.
fn simplified(facets: Vec<Facet>, size_m: [f64; 3]) -> Result<Vec<Facet>, String> {
    if facets.len() <= MAX_TRIANGLES {
        return Ok(facets);
    }
    let count = facets.len();
    let cells = CLUSTER_CELLS_M.iter();
    cells
        .map(|&cell| clustered(&facets, size_m, cell))
        .find(|f| f.len() <= MAX_TRIANGLES)
        .ok_or_else(|| format!("{count} triangles cannot be simplified to {MAX_TRIANGLES}"))
}

fn clustered(facets: &[Facet], size_m: [f64; 3], cell_m: f64) -> Vec<Facet> {
    let key =
        |p: [f64; 3]| -> [i32; 3] { std::array::from_fn(|k| (p[k] * size_m[k] / cell_m).round() as i32) };
    let mut means: BTreeMap<[i32; 3], ([f64; 3], f64)> = BTreeMap::new();
    for p in facets.iter().flat_map(|f| f.p) {
        let (sum, count) = means.entry(key(p)).or_default();
        *sum = std::array::from_fn(|k| sum[k] + p[k]);
        *count += 1.0;
    }
    let mut kept: BTreeMap<[[i32; 3]; 3], usize> = BTreeMap::new();
    let mut out = Vec::new();
    for facet in facets {
        let keys = facet.p.map(key);
        let mut sorted = keys;
        sorted.sort_unstable();
        if sorted[0] == sorted[1] || sorted[1] == sorted[2] || kept.contains_key(&sorted) {
            continue;
        }
        kept.insert(sorted, out.len());
        let mean = |k: [i32; 3]| means[&k].0.map(|s| s / means[&k].1);
        out.push(Facet { p: keys.map(mean), ..*facet });
    }
    out
}

/// Surface of a material of the file.
fn surface(
    material: &tobj::Material,
    entry: &Entry,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Material, String> {
    let linear = |c: f32| c.clamp(0.0, 1.0).powf(2.2);
    let mut color = material.diffuse.unwrap_or([0.7; 3]).map(linear);
    let mut textured = false;
    // A missing or unreadable picture leaves the plain colour.
    if let Some(picture) = material.diffuse_texture.as_ref().and_then(|name| read(name).ok())
        && let Ok(picture) = image::load_from_memory(&picture)
    {
        let (mean, transparent) = mean_color(&picture.to_rgba8());
        if transparent > CUT_OUT_SHARE {
            return Err("its pictures are cut-outs".to_owned());
        }
        (color, textured) = (mean, true);
    }
    let shine = material.specular.map_or(0.0, |s| s.iter().sum::<f32>() / 3.0).clamp(0.0, 1.0);
    let color = color.map(|c| c.clamp(0.015, 0.8));
    let (pattern, repeat_m) = pattern(entry, color, textured);
    let mut surface = Material::new(pattern, color, repeat_m, 0.015 + 0.05 * shine);
    if material.dissolve.is_some_and(|d| d < GLASS_BELOW) {
        surface.kind = Kind::Glass;
    }
    Ok(surface)
}

/// Mean linear colour of the opaque pixels, and the share of transparent ones.
fn mean_color(picture: &image::RgbaImage) -> ([f32; 3], f32) {
    let (w, h) = picture.dimensions();
    let (mut sum, mut opaque, mut all) = ([0.0f32; 3], 0.0f32, 0.0f32);
    for y in (0..h).step_by((h / PICTURE_SAMPLES).max(1) as usize) {
        for x in (0..w).step_by((w / PICTURE_SAMPLES).max(1) as usize) {
            let [r, g, b, a] = picture.get_pixel(x, y).0.map(|c| f32::from(c) / 255.0);
            all += 1.0;
            if a > 0.5 {
                opaque += 1.0;
                sum = std::array::from_fn(|k| sum[k] + [r, g, b][k].powf(2.2));
            }
        }
    }
    (sum.map(|s| s / opaque.max(1.0)), 1.0 - opaque / all.max(1.0))
}

/// A pattern in place of the picture: grain on brown, weave elsewhere; plain colours stay plain.
fn pattern(entry: &Entry, [r, g, b]: [f32; 3], textured: bool) -> (Pattern, f32) {
    let variant = entry.id.bytes().fold(0u8, u8::wrapping_add);
    let brown = r > 1.15 * g && g > 1.1 * b;
    let upholstered = ["sofa", "couch", "armchair", "bed", "futon"]
        .iter()
        .any(|word| entry.name.to_ascii_lowercase().contains(word));
    if upholstered && !(textured && brown) {
        (Pattern::Fabric(variant % 4), 0.4)
    } else if brown {
        (Pattern::Wood(variant % 3), 0.9)
    } else {
        (Pattern::Plain, 1.0)
    }
}
