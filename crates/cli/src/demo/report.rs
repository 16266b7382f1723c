//! Reports what the demo does: as text while it runs, or as JSON at the end.

use serde::Serialize;

use crate::{exit::Failure, output::Output};

pub(super) struct Report {
    output: Output,
    result: ReportOutput,
}

#[derive(Serialize)]
struct ReportOutput {
    server: String,
    steps: Vec<ReportStep>,
}

#[derive(Serialize)]
struct ReportStep {
    title: &'static str,
    lines: Vec<String>,
}

impl Report {
    pub(super) fn begin(server: &str, output: Output) -> Result<Self, Failure> {
        output.text(&format!("The OpenRouter emulator runs at {server}. Its keys work nowhere else."))?;
        Ok(Self { output, result: ReportOutput { server: server.to_owned(), steps: Vec::new() } })
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &'static str) -> Result<(), Failure> {
        self.result.steps.push(ReportStep { title, lines: Vec::new() });
        self.output.text(&format!("\n{}. {title}", self.result.steps.len()))
    }

    /// Adds a line to the current step.
    pub(super) fn line(&mut self, line: String) -> Result<(), Failure> {
        self.output.text(&format!("   {line}"))?;
        if let Some(step) = self.result.steps.last_mut() {
            step.lines.push(line);
        }
        Ok(())
    }

    /// Ends the report of a successful demo.
    pub(super) fn end(self) -> Result<(), Failure> {
        let text = format!("\nAll {} steps succeeded.", self.result.steps.len());
        self.output.result(&self.result, &text)
    }
}
