//! The loop over lines: a job in, its row out, in order.

use super::{Job, Labeller, Row};
use crate::fault::Fault;
use std::io::{self, BufRead, Write};

/// Answers every line of `input` with one line of `output`, until `input` ends. A line that is no job is
/// answered too. Gives the number of jobs that failed and of all.
///
/// # Errors
/// When `input` cannot be read or `output` cannot be written.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<(usize, usize)> {
    let mut labeller = Labeller::default();
    let (mut failed, mut all) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok((failed, all));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = match serde_json::from_slice::<Job>(&line) {
            Ok(job) => labeller.label(&job),
            Err(cause) => no_job(&line, &cause),
        };
        all += 1;
        failed += usize::from(!row.status.is_done());
        serde_json::to_writer(&mut output, &row)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}

/// The answer to a line that is no job, under the id that it has, if any.
fn no_job(line: &[u8], cause: &serde_json::Error) -> Row {
    let field = |name: &str| {
        let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
        value.and_then(|value| Some(value.get(name)?.as_str()?.to_owned())).unwrap_or_default()
    };
    let job = serde_json::json!({ "id": field("id"), "input": field("input"), "output": "" });
    let job: Job = serde_json::from_value(job).expect("because these three fields make a job");
    let mut row = Row::of(&job);
    row.code = Fault::Usage.code();
    row.cause = "bad-job".to_owned();
    row.message = format!("the line is no job ({cause}); give at least id, input and output as strings");
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Status;

    #[test]
    fn every_line_is_answered_in_order() {
        let input = b"no json\n\n{\"id\":\"b\",\"input\":\"no/clip.mp4\"}\n{\"id\":\"c\",\"input\":\"no/clip.mp4\",\"output\":\"target/never\"}";
        let mut output = Vec::new();
        let counts = serve(&input[..], &mut output).expect("served");
        assert_eq!(counts, (3, 3));
        let rows: Vec<Row> = String::from_utf8(output)
            .expect("UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a row"))
            .collect();
        let causes: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.cause.as_str())).collect();
        assert_eq!(causes, [("", "bad-job"), ("b", "bad-job"), ("c", "missing")]);
        assert!(rows[1].message.contains("output"), "{}", rows[1].message);
        assert!(rows.iter().all(|row| row.status == Status::Failed && row.code == 2));
    }
}
