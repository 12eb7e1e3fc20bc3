//! Reads NumPy archives: zip files of arrays, C order.

use npyz::{NpyFile, Order, TypeChar};
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
            let member = zip.by_index(index).expect("a member");
            let name = member.name().expect("a name").trim_end_matches(".npy").to_owned();
            arrays.insert(name, array(NpyFile::new(member).expect("an array")));
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

fn array<R: Read>(file: NpyFile<R>) -> Array {
    assert_eq!(file.order(), Order::C);
    let shape = file.shape().iter().map(|&extent| extent as usize).collect();
    let npyz::DType::Plain(kind) = file.dtype() else { panic!("a plain type") };
    let size = kind.size_field();
    macro_rules! values {
        ($variant:ident, $from:ty, $to:ty) => {
            Values::$variant(file.into_vec::<$from>().expect("values").into_iter().map(<$to>::from).collect())
        };
    }
    let values = match (kind.type_char(), size) {
        (TypeChar::Float, 4) => values!(Float, f32, f64),
        (TypeChar::Float, 8) => values!(Float, f64, f64),
        (TypeChar::Int, 4) => values!(Integer, i32, i128),
        (TypeChar::Int, 8) => values!(Integer, i64, i128),
        (TypeChar::Uint, 1) => values!(Integer, u8, i128),
        (TypeChar::Uint, 4) => values!(Integer, u32, i128),
        (TypeChar::Uint, 8) => values!(Integer, u64, i128),
        (TypeChar::Bool, _) => values!(Integer, bool, i128),
        (other, size) => panic!("values of kind {other:?}, {size} bytes"),
    };
    Array { shape, values }
}
