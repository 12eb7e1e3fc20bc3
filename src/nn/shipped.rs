//! Weights that this project trained and that are part of the program: they need no model folder.
//!
//! A build without the feature `onnx` cannot run networks and carries none.

/// File names of `models/` with their bytes.
#[cfg(feature = "onnx")]
const FILES: [(&str, &[u8]); 3] = [
    ("roomwright_depth_4v_256x384.onnx", include_bytes!("../../models/roomwright_depth_4v_256x384.onnx")),
    ("roomwright_elevation.onnx", include_bytes!("../../models/roomwright_elevation.onnx")),
    ("roomwright_layout.onnx", include_bytes!("../../models/roomwright_layout.onnx")),
];
#[cfg(not(feature = "onnx"))]
const FILES: [(&str, &[u8]); 0] = [];

/// The bytes of a shipped file.
#[must_use]
pub fn bytes(file: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, bytes)| *bytes)
}
