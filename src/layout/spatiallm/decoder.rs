//! The language model with its cache of keys and values.
//!
//! Takes tokens and point tokens, gives logits of the next token. The graph of
//! `train/spatiallm/decoder.py` takes the cache as inputs and gives only the new rows, which are
//! appended here: `[positions, heads, channels]`, so that growing is appending. Long prompts go through
//! in pieces, because attention holds a score for every pair of a new and a held position.

use super::error::Error;
use super::vocabulary::Prompt;
use crate::nn::{Data, LayoutDecoder, Model, Session, SessionOptions, Tensor};

/// Positions that go through at once: 14 heads x 512 x 4096 scores are 117 MB.
const PIECE: usize = 512;

/// Keys or values of one layer.
struct Held {
    input: String,
    output: String,
    rows: Tensor,
}

/// A loaded decoder in the middle of a text.
pub struct Decoder {
    session: Session,
    spec: LayoutDecoder,
    cache: Vec<Held>,
    length: usize,
}

impl Decoder {
    /// Loads the model, with an empty text.
    ///
    /// # Errors
    /// When ONNX Runtime refuses it.
    pub fn open(model: Model, spec: LayoutDecoder, threads: usize) -> Result<Self, Error> {
        // A token is a thousand small steps; threads that wait awake between them cost half as much again.
        let options =
            SessionOptions { threads, varying_shapes: true, spinning: false, ..SessionOptions::default() };
        let session = Session::open(model, &options)?;
        let empty =
            Tensor { shape: vec![0, spec.key_value_heads, spec.head_width], data: Data::F32(Vec::new()) };
        let held = |layer: usize, kind: &str| Held {
            input: format!("past_{kind}_{layer}"),
            output: format!("{kind}_{layer}"),
            rows: empty.clone(),
        };
        let cache = (0..spec.layers).flat_map(|layer| [held(layer, "key"), held(layer, "value")]).collect();
        Ok(Self { session, spec, cache, length: 0 })
    }

    /// Positions held.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        self.length = 0;
        for held in &mut self.cache {
            held.rows.shape[0] = 0;
            held.rows.data = Data::F32(Vec::new());
        }
    }

    /// Reads a prompt in which the rows of `points` (`[count, width]`) take the place of the pad token;
    /// gives the logits that follow the last position.
    ///
    /// # Errors
    /// When the graph does not take or give what the manifest says.
    pub fn read(
        &mut self,
        prompt: &Prompt,
        points: &[f32],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<f32>, Error> {
        let texts = prompt.ids.len() as i64;
        let count = (points.len() / self.spec.width) as i64;
        let pad = prompt.pad as i64;
        // Rows of [embeddings of the text; point tokens].
        let splice: Vec<i64> = (0..pad).chain(texts..texts + count).chain(pad + 1..texts).collect();
        let mut logits = Vec::new();
        let mut done = 0;
        for piece in splice.chunks(PIECE) {
            let last = piece.len() - 1;
            logits = self.run(&prompt.ids, points, piece, &[last])?.logits;
            done += piece.len();
            progress(done, splice.len());
        }
        Ok(logits)
    }

    /// Appends one token; gives the logits that follow it.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub fn append(&mut self, id: u32) -> Result<Vec<f32>, Error> {
        Ok(self.run(&[id], &[], &[0], &[0])?.logits)
    }

    /// Appends the positions `splice`; `selected` of them are turned into logits. Outputs that only a
    /// traced graph has come along.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub fn run(
        &mut self,
        ids: &[u32],
        points: &[f32],
        splice: &[i64],
        selected: &[usize],
    ) -> Result<Outputs, Error> {
        let (fresh, held) = (splice.len(), self.length);
        let width = self.spec.width;
        let indices = |values: Vec<i64>| Tensor { shape: vec![values.len()], data: Data::I64(values) };
        let floats = |shape: Vec<usize>, values: Vec<f32>| Tensor { shape, data: Data::F32(values) };
        let all = held + fresh;
        let mask = (0..fresh)
            .flat_map(|row| (0..all).map(move |to| if to <= held + row { 0.0 } else { f32::NEG_INFINITY }));
        let inputs = [
            ("ids", indices(ids.iter().map(|&id| i64::from(id)).collect())),
            ("points", floats(vec![points.len() / width, width], points.to_vec())),
            ("splice", indices(splice.to_vec())),
            ("positions", indices((held..all).map(|position| position as i64).collect())),
            ("mask", floats(vec![fresh, all], mask.collect())),
            ("select", indices(selected.iter().map(|&row| row as i64).collect())),
        ];
        let mut named: Vec<(&str, &Tensor)> = inputs.iter().map(|(name, tensor)| (*name, tensor)).collect();
        named.extend(self.cache.iter().map(|held| (held.input.as_str(), &held.rows)));
        let mut outputs = self.session.run(&named)?;
        for index in 0..self.cache.len() {
            let rows = take(&mut outputs, &self.cache[index].output)
                .filter(|rows| rows.len() == fresh * self.spec.key_value_heads * self.spec.head_width)
                .ok_or_else(|| self.unfit(&self.cache[index].output))?;
            let held = &mut self.cache[index].rows;
            held.shape[0] = all;
            if let Data::F32(values) = &mut held.data {
                values.extend(rows);
            }
        }
        self.length = all;
        let logits = take(&mut outputs, "logits")
            .filter(|logits| logits.len() == selected.len() * self.spec.vocabulary)
            .ok_or_else(|| self.unfit("logits"))?;
        Ok(Outputs { logits, others: outputs })
    }

    fn unfit(&self, output: &str) -> Error {
        Error::Unfit {
            model: self.session.model().entry.id.clone(),
            cause: format!("its output `{output}` has another size than the manifest says"),
        }
    }
}

/// What a run gives.
pub struct Outputs {
    /// `[selected, vocabulary]`.
    pub logits: Vec<f32>,
    /// Outputs of a traced graph.
    pub others: Vec<(String, Tensor)>,
}

/// Takes an output out of the list.
fn take(outputs: &mut Vec<(String, Tensor)>, name: &str) -> Option<Vec<f32>> {
    let index = outputs.iter().position(|(other, _)| other == name)?;
    match outputs.swap_remove(index).1.data {
        Data::F32(values) => Some(values),
        _ => None,
    }
}
