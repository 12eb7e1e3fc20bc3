//! Progress on stderr: a bar on a terminal, JSON lines with `--json`, warnings alone in a pipe.

use crate::report::{Event, Sink};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;

/// The sink that fits the terminal and the flags.
#[must_use]
pub fn sink(json: bool) -> Box<dyn Sink> {
    if json {
        Box::new(JsonLines)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar::new())
    } else {
        Box::new(WarningsOnly)
    }
}

/// One JSON object a line.
struct JsonLines;

impl Sink for JsonLines {
    fn event(&self, event: &Event<'_>) {
        if let Ok(line) = serde_json::to_string(event) {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// Nothing but warnings.
struct WarningsOnly;

impl Sink for WarningsOnly {
    fn event(&self, event: &Event<'_>) {
        if let Event::Warning { warning } = event {
            let _ = writeln!(std::io::stderr(), "warning: {}: {}", warning.code, warning.message);
        }
    }
}

/// A progress bar per stage.
struct Bar {
    bar: Mutex<ProgressBar>,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar: Mutex::new(bar) }
    }

    fn style(with_total: bool) -> ProgressStyle {
        let template = if with_total {
            "{prefix:>8} [{bar:32}] {pos}/{len}  {elapsed} elapsed, {eta} left"
        } else {
            "{prefix:>8} {spinner} {pos}  {elapsed} elapsed"
        };
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ")
    }
}

impl Sink for Bar {
    fn event(&self, event: &Event<'_>) {
        let mut bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::StageStarted { stage } => {
                *bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(Self::style(false));
                bar.set_prefix((*stage).to_owned());
                bar.enable_steady_tick(std::time::Duration::from_millis(250));
            }
            Event::Progress { done, total, .. } => {
                if *total > 0 && bar.length() != Some(*total as u64) {
                    bar.set_style(Self::style(true));
                    bar.set_length(*total as u64);
                }
                bar.set_position(*done as u64);
            }
            Event::StageFinished { stage, seconds, cached } => {
                bar.finish_and_clear();
                let how = if *cached { " (kept from before)" } else { "" };
                let _ = writeln!(std::io::stderr(), "{stage:>8} {seconds:6.1} s{how}");
            }
            Event::Warning { warning } => {
                let line = format!("warning: {}: {}", warning.code, warning.message);
                bar.suspend(|| {
                    let _ = writeln!(std::io::stderr(), "{line}");
                });
            }
        }
    }
}
