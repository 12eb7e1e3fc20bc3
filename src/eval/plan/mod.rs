//! Floor-plan metrics: rooms, corners, angles.
//!
//! Takes room polygons (metres, plan view of the scene frame), gives precision, recall and F1 of
//! rooms, of corners and of angles. A room is found when its best IoU with a true room exceeds 0.5 and
//! it does not overlap another prediction. Corners and angles are asked only in rooms that are found.
//! Two readings stand side by side: in metres (corner within 0.10 m and 0.20 m), and the raster
//! reading of the floor-plan literature (256 x 256 pixels, corner within 10 px, each axis scaled by
//! itself; Chen et al., MonteFloor/RoomFormer's evaluator), which flatters small flats.
//!
//! Rooms come from `scene.json`, or from the walls of a layout text as the faces that they enclose.

mod metric;
mod polygon;
mod raster;
mod rooms;

pub use metric::{CornerScore, PlanReading, score_rooms};
pub use polygon::{Polygon, simplified};
pub use raster::score_raster;
pub use rooms::rooms_of_walls;

use crate::eval::error::{Error, Result};
use crate::eval::layout::{load_layout, load_scene};
use crate::eval::rates::Rates;
use crate::eval::table::{Table, percent};
use crate::math::Point2;
use serde::Serialize;
use std::path::Path;

/// What a floor plan is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanScore {
    /// The reading in metres.
    pub metric: PlanReading,
    /// The raster reading.
    pub raster: PlanReading,
    /// Total floor area of the prediction, square metres.
    pub predicted_area_m2: f64,
    /// Total floor area of the truth, square metres.
    pub true_area_m2: f64,
    /// What a reader must know about these figures.
    pub notes: Vec<String>,
}

/// Scores the rooms of two files (`scene.json`, layout text, or a run folder).
///
/// # Errors
/// When a file cannot be read or the truth holds no room.
pub fn run_plan(prediction: &Path, truth: &Path) -> Result<PlanScore> {
    let mut notes = Vec::new();
    let predicted = load_rooms(prediction, &mut notes)?;
    let true_rooms = load_rooms(truth, &mut notes)?;
    if true_rooms.is_empty() {
        let reason = "the truth encloses no room; give a scene.json or a layout whose walls close a room";
        return Err(Error::Content { reason: reason.to_owned(), path: truth.to_owned() });
    }
    Ok(PlanScore { notes, ..score_plan(&predicted, &true_rooms) })
}

/// Scores room polygons.
#[must_use]
pub fn score_plan(predicted: &[Polygon], truth: &[Polygon]) -> PlanScore {
    let area = |rooms: &[Polygon]| rooms.iter().map(|room| polygon::area(room)).sum();
    PlanScore {
        metric: score_rooms(predicted, truth),
        raster: score_raster(predicted, truth),
        predicted_area_m2: area(predicted),
        true_area_m2: area(truth),
        notes: Vec::new(),
    }
}

/// Rooms of a file: those of a `scene.json`, else the faces that the walls of a layout enclose.
///
/// # Errors
/// When the file cannot be read.
pub fn load_rooms(path: &Path, notes: &mut Vec<String>) -> Result<Vec<Polygon>> {
    let scene_file = path.join("scene.json");
    let path = match path {
        _ if scene_file.is_file() => &scene_file,
        folder if folder.is_dir() => return load_rooms(&folder.join("layout.txt"), notes),
        file => file,
    };
    if path.extension().is_none_or(|extension| extension != "json") {
        let layout = load_layout(path, notes)?;
        let rooms = rooms_of_walls(&layout);
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        notes.push(format!("{name}: {} rooms read off {} walls", rooms.len(), layout.walls.len()));
        return Ok(rooms);
    }
    let scene = load_scene(path)?;
    let polygons =
        scene.rooms.iter().map(|room| room.polygon.iter().map(|&p| Point2::from(p)).collect::<Polygon>());
    Ok(polygons.map(|polygon| simplified(&polygon)).collect())
}

impl PlanScore {
    /// The score as a plain-text table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new(&["floor plan, per cent", "F1", "P", "R", "found", "predicted", "truth"]);
        let mut row = |name: String, rates: &Rates| {
            let shares = [rates.f1, rates.precision, rates.recall].map(|share| percent(Some(share)));
            let counts = [rates.tp, rates.predicted, rates.truth].map(|count| count.to_string());
            table.row([name].into_iter().chain(shares).chain(counts));
        };
        for (reading, title) in [(&self.metric, "metric"), (&self.raster, "raster 256")] {
            row(format!("rooms ({title})"), &reading.rooms);
            for corner in &reading.corners {
                row(format!("corners within {}", corner.within), &corner.corners);
                row(format!("angles at corners within {}", corner.within), &corner.angles);
            }
        }
        let mut text = table.to_text();
        text.push_str(&format!(
            "floor area {:.2} m2, truth {:.2} m2\n",
            self.predicted_area_m2, self.true_area_m2
        ));
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests;
