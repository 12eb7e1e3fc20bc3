//! Progress of a batch on stderr: a bar with the time left on a terminal, JSON lines elsewhere.

use crate::batch::{Event, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// The display that fits the terminal and the flags.
#[must_use]
pub fn display(json: bool) -> Box<dyn Progress> {
    if !json && std::io::stderr().is_terminal() { Box::new(Bar::new()) } else { Box::new(JsonLines) }
}

/// One JSON object a line.
struct JsonLines;

impl Progress for JsonLines {
    fn event(&self, event: &Event<'_>) {
        if let Ok(line) = serde_json::to_string(event) {
            // Nobody may be listening any more; the batch goes on.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// One bar; a line above it for each item that is not good.
struct Bar {
    bar: ProgressBar,
}

/// How often the clock on the bar moves.
const TICK: Duration = Duration::from_millis(500);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("[{bar:32}] {pos}/{len}  {elapsed} elapsed{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        Self { bar }
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }
}

impl Progress for Bar {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::BatchStarted {
                items,
                done_before,
                failed_before,
                to_do,
                workers,
                threads,
                limited_by,
                ..
            } => {
                self.say(&format!(
                    "{items} items: {done_before} done and {failed_before} failed before, {to_do} to do with \
                     {workers} workers of {threads} threads (as {limited_by} allow)"
                ));
                self.bar.set_length(*to_do as u64);
                self.bar.enable_steady_tick(TICK);
            }
            Event::ItemFinished { id, status, cause, message, finished, eta_s, .. } => {
                if !cause.is_empty() {
                    self.say(&format!("{status}: {id}: {cause}: {message}"));
                }
                self.bar.set_position(*finished as u64);
                self.bar.set_message(format!(", about {} left", duration(*eta_s)));
            }
            Event::ItemWaits { id, cause, message, wait_s, .. } => {
                self.say(&format!("{id}: {cause}: {message}; again in {wait_s:.0} s"));
            }
            Event::Warning { code, message } => self.say(&format!("warning: {code}: {message}")),
            Event::BatchFinished { ok, rejected, failed, temporary, left, seconds } => {
                self.bar.finish_and_clear();
                self.say(&format!(
                    "{ok} good, {rejected} rejected, {failed} failed, {temporary} to be tried again, {left} left, \
                     in {}",
                    duration(*seconds)
                ));
            }
            Event::WorkerStarted { .. } | Event::ItemStarted { .. } => {}
        }
    }
}

/// Seconds for people: `40 s`, `12 min`, `3 h 05 min`.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    if seconds < 99.5 {
        format!("{seconds:.0} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else {
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_legible() {
        let words = [0.4, 61.0, 600.0, 3599.0, 11_100.0].map(duration);
        assert_eq!(words, ["0 s", "61 s", "10 min", "1 h 00 min", "3 h 05 min"]);
    }
}
