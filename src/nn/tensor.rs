//! Dense tensors that go into and come out of a network, without naming the library that runs it.

/// Values of a tensor, row-major (last dimension fastest).
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Bytes.
    U8(Vec<u8>),
    /// 64-bit integers.
    I64(Vec<i64>),
}

impl Data {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }

    /// True without values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A dense tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent along each dimension.
    pub shape: Vec<usize>,
    /// The values.
    pub data: Data,
}

impl Tensor {
    /// A tensor of 32-bit floats; `None` when the shape does not hold that many values.
    #[must_use]
    pub fn f32(shape: &[usize], values: Vec<f32>) -> Option<Self> {
        Self::new(shape, Data::F32(values))
    }

    /// A tensor; `None` when the shape does not hold that many values.
    #[must_use]
    pub fn new(shape: &[usize], data: Data) -> Option<Self> {
        (shape.iter().product::<usize>() == data.len()).then(|| Self { shape: shape.to_vec(), data })
    }

    /// The values when they are 32-bit floats.
    #[must_use]
    pub fn as_f32(&self) -> Option<&[f32]> {
        if let Data::F32(values) = &self.data { Some(values) } else { None }
    }

    /// The values when they are 64-bit integers.
    #[must_use]
    pub fn as_i64(&self) -> Option<&[i64]> {
        if let Data::I64(values) = &self.data { Some(values) } else { None }
    }
}
