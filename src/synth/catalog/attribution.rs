//! Who made the models of a house, as their licences ask.

use super::super::placement::Item;
use std::collections::BTreeSet;

/// Text that names every catalogue model of the items; `None` when there is none.
#[must_use]
pub fn attribution(items: &[Item]) -> Option<String> {
    let lines: BTreeSet<String> = items
        .iter()
        .filter_map(|item| item.model.as_ref())
        .map(|model| {
            let e = &model.entry;
            format!("{} \"{}\" by {}; {}; {}\n", e.id, e.name, e.creator, e.library, e.license)
        })
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "Furniture models shown here, from libraries of Sweet Home 3D (www.sweethome3d.com);\n\
             changed: scaled, simplified, pictures replaced by colours and patterns.\n\n{}",
            lines.into_iter().collect::<String>()
        )
    })
}
