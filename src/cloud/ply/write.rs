//! Writes a cloud as binary little-endian PLY: x y z nx ny nz (float) red green blue (uchar).
//! Streamed; the same cloud gives the same bytes.

use super::Error;
use crate::cloud::{Cloud, Frame};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Bytes of one point.
const POINT_BYTES: usize = 27;

/// Writes `cloud` to the file at `path`, replacing it.
///
/// # Errors
/// [`Error::Io`] when the file cannot be created or written.
pub fn write<F: Frame>(path: &Path, cloud: &Cloud<F>) -> Result<(), Error> {
    let failed = |action| move |source| Error::Io { action, source, path: path.to_owned() };
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(failed("create"))?);
    write_to(&mut file, cloud).map_err(failed("write"))?;
    file.flush().map_err(failed("write"))
}

/// Writes `cloud` to any sink.
///
/// # Errors
/// What the sink says.
pub fn write_to<F: Frame>(sink: &mut impl Write, cloud: &Cloud<F>) -> std::io::Result<()> {
    writeln!(sink, "ply\nformat binary_little_endian 1.0\nelement vertex {}", cloud.len())?;
    for name in ["x", "y", "z", "nx", "ny", "nz"] {
        writeln!(sink, "property float {name}")?;
    }
    for name in ["red", "green", "blue"] {
        writeln!(sink, "property uchar {name}")?;
    }
    writeln!(sink, "end_header")?;
    for point in &cloud.points {
        let mut bytes = [0; POINT_BYTES];
        for (slot, value) in bytes.chunks_exact_mut(4).zip(point.position.iter().chain(&point.normal)) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        bytes[24..].copy_from_slice(&point.rgb);
        sink.write_all(&bytes)?;
    }
    Ok(())
}
