//! Reads NumPy archives: zip files of arrays (format `npy`, version 1 to 3), little endian, C order.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// An array; integers of any size are held as 64 bits.
#[derive(Debug, Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Values,
}

/// Its values.
#[derive(Debug, Clone)]
pub enum Values {
    Float(Vec<f64>),
    Integer(Vec<i128>),
}

impl Array {
    pub fn f64(&self) -> &[f64] {
        match &self.values {
            Values::Float(values) => values,
            Values::Integer(_) => panic!("integers where floats are wanted"),
        }
    }

    pub fn f32(&self) -> Vec<f32> {
        self.f64().iter().map(|&value| value as f32).collect()
    }

    pub fn integers<T: TryFrom<i128>>(&self) -> Vec<T> {
        match &self.values {
            Values::Integer(values) => values
                .iter()
                .map(|&value| T::try_from(value).unwrap_or_else(|_| panic!("{value} does not fit")))
                .collect(),
            Values::Float(_) => panic!("floats where integers are wanted"),
        }
    }

    /// Rows of three.
    pub fn voxels(&self) -> Vec<[u32; 3]> {
        self.integers::<u32>().chunks(3).map(|row| [row[0], row[1], row[2]]).collect()
    }
}

/// All arrays of an archive.
pub struct Archive(BTreeMap<String, Array>);

impl Archive {
    pub fn open(path: &Path) -> Self {
        let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{e}: {}", path.display()));
        let mut zip = zip::ZipArchive::new(file).expect("a zip file");
        let mut arrays = BTreeMap::new();
        for index in 0..zip.len() {
            let mut member = zip.by_index(index).expect("a member");
            let name = member.name().expect("a name").trim_end_matches(".npy").to_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).expect("readable");
            arrays.insert(name, parse(&bytes));
        }
        Self(arrays)
    }

    pub fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }

    /// An array that must be there.
    pub fn at(&self, name: &str) -> &Array {
        self.get(name).unwrap_or_else(|| panic!("no array `{name}`"))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn parse(bytes: &[u8]) -> Array {
    assert_eq!(&bytes[..6], b"\x93NUMPY");
    let (start, length) = match bytes[6] {
        1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
        _ => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
    };
    let header = std::str::from_utf8(&bytes[start..start + length]).expect("text");
    assert!(header.contains("'fortran_order': False"), "{header}");
    let between = |from: &str, to: char| {
        let rest = &header[header.find(from).expect("in the header") + from.len()..];
        rest[..rest.find(to).expect("closed")].to_owned()
    };
    let kind = between("'descr': '", '\'');
    let shape: Vec<usize> = between("'shape': (", ')')
        .split(',')
        .filter(|part| !part.trim().is_empty())
        .map(|part| part.trim().parse().expect("an extent"))
        .collect();
    let data = &bytes[start + length..];
    let size: usize = kind[2..].parse().expect("a size");
    let items = data.chunks_exact(size);
    let values = match &kind[1..2] {
        "f" => Values::Float(items.map(float).collect()),
        "i" => Values::Integer(items.map(|item| integer(item, true)).collect()),
        "u" | "b" => Values::Integer(items.map(|item| integer(item, false)).collect()),
        other => panic!("values of kind {other}"),
    };
    Array { shape, values }
}

fn float(item: &[u8]) -> f64 {
    match item.len() {
        4 => f64::from(f32::from_le_bytes(item.try_into().expect("four bytes"))),
        _ => f64::from_le_bytes(item.try_into().expect("eight bytes")),
    }
}

fn integer(item: &[u8], signed: bool) -> i128 {
    let value = item.iter().rev().fold(0i128, |value, &byte| value << 8 | i128::from(byte));
    let half = 1i128 << (8 * item.len() - 1);
    if signed && value >= half { value - 2 * half } else { value }
}
