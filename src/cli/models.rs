//! `roomwright models`: which models there are, and whether their files are what they should be.

use super::args::ModelsWhat;
use crate::nn::Registry;
use anyhow::{Result, bail};

/// Runs the verb.
pub fn run(what: &ModelsWhat) -> Result<()> {
    match what {
        ModelsWhat::List { models } => {
            let registry = Registry::open(models)?;
            for entry in &registry.manifest().models {
                let state = match registry.find(&entry.id) {
                    Ok(model) => model.path.display().to_string(),
                    Err(_) => "-".to_owned(),
                };
                println!("{}\t{}\t{}\t{state}", entry.id, entry.task, entry.licence);
            }
        }
        ModelsWhat::Verify { dir } => {
            let registry = Registry::open(std::slice::from_ref(dir))?;
            let mut wrong = 0;
            for entry in &registry.manifest().models {
                match registry.find(&entry.id) {
                    Ok(_) => println!("{}\tok", entry.id),
                    Err(crate::nn::Error::MissingFile { .. }) => println!("{}\tnot there", entry.id),
                    Err(error) => {
                        wrong += 1;
                        println!("{}\t{error}", entry.id);
                    }
                }
            }
            if wrong > 0 {
                bail!(
                    "{wrong} model files are not what the manifest says; fetch them again: {}",
                    dir.display()
                );
            }
        }
    }
    Ok(())
}
