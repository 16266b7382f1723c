//! Tells what the demo does: in words as it goes, or as JSON at the end.

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
        output.words(&format!("OpenRouter's emulator is at {server}; its keys open nothing."))?;
        Ok(Self { output, result: ReportOutput { server: server.to_owned(), steps: Vec::new() } })
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &'static str) -> Result<(), Failure> {
        self.result.steps.push(ReportStep { title, lines: Vec::new() });
        self.output.words(&format!("\n{}. {title}", self.result.steps.len()))
    }

    /// Says what happened in the step.
    pub(super) fn line(&mut self, line: String) -> Result<(), Failure> {
        self.output.words(&format!("   {line}"))?;
        if let Some(step) = self.result.steps.last_mut() {
            step.lines.push(line);
        }
        Ok(())
    }

    /// Says that all went well.
    pub(super) fn end(self) -> Result<(), Failure> {
        let words = format!("\nAll {} steps did what they should.", self.result.steps.len());
        self.output.result(&self.result, &words)
    }
}
