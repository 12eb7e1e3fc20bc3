//! Collects what stage 7 has to say about the scene.

use crate::scene::{ElementId, Finding};

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// A repair that succeeded.
    pub fn note(&mut self, code: &str, elements: Vec<ElementId>, message: String, value_m: Option<f64>) {
        self.push(code, elements, message, value_m, false);
    }

    /// Something that the scene still violates.
    pub fn unresolved(
        &mut self,
        code: &str,
        elements: Vec<ElementId>,
        message: String,
        value_m: Option<f64>,
    ) {
        self.push(code, elements, message, value_m, true);
    }

    fn push(
        &mut self,
        code: &str,
        elements: Vec<ElementId>,
        message: String,
        value_m: Option<f64>,
        unresolved: bool,
    ) {
        let value_m = value_m.filter(|value| value.is_finite());
        self.list.push(Finding { code: code.to_owned(), elements, message, value_m, unresolved });
    }

    /// The findings.
    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
