//! The lines of ids, for the rare case that an error names the line that used an id first.

/// How many runs are kept unsorted: few enough to search one by one.
const OPEN: usize = 512;

/// Sorted lists of more runs are not merged: that would take half as much memory again.
const MAX_MERGED_RUNS: usize = 1 << 16;

/// The line of each id. Ids that count up with the lines take next to nothing, others 16 bytes each.
///
/// Runs are collected as they come, sorted when there are enough, and merged with earlier sorted lists. So the
/// sorted lists are few and long.
#[derive(Debug, Default)]
pub struct Lines {
    sorted: Vec<Vec<Run>>,
    open: Vec<Run>,
}

/// Ids that count up on lines that count up.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The first id.
    id: u64,
    /// Its line, and in the lowest 16 bits how many more ids there are.
    line: u64,
}

impl Run {
    fn more(self) -> u64 {
        self.line & 0xffff
    }

    fn line_of(self, id: u64) -> Option<u64> {
        let distance = id.checked_sub(self.id)?;
        (distance <= self.more()).then(|| (self.line >> 16) + distance)
    }
}

impl Lines {
    /// Records the line of an id that has none yet. Lines from 2^48 on are recorded as the line before that.
    pub fn insert(&mut self, id: u64, line: u64) {
        let line = line.min((1 << 48) - 1);
        if let Some(run) = self.open.last_mut()
            && run.more() < 0xffff
            && run.id.checked_add(run.more() + 1) == Some(id)
            && (run.line >> 16) + run.more() + 1 == line
        {
            run.line += 1;
            return;
        }
        self.start_run(id, line);
    }

    fn start_run(&mut self, id: u64, line: u64) {
        if self.open.len() == OPEN {
            self.sort();
        }
        self.open.push(Run {
            id,
            line: line << 16,
        });
    }

    /// The line of an id, if it has one.
    pub fn get(&self, id: u64) -> Option<u64> {
        let sorted = self.sorted.iter().filter_map(|runs| {
            let after = runs.partition_point(|run| run.id <= id);
            runs[..after].last()?.line_of(id)
        });
        let open = self.open.iter().filter_map(|run| run.line_of(id));
        open.chain(sorted).next()
    }

    fn sort(&mut self) {
        let mut runs = std::mem::take(&mut self.open);
        while let Some(before) = self
            .sorted
            .pop_if(|before| before.len() <= MAX_MERGED_RUNS.min(2 * runs.len()))
        {
            runs.extend(before);
        }
        // The runs of each part are in order, which a stable sort makes use of.
        runs.sort_by_key(|run| run.id);
        runs.shrink_to_fit();
        self.sorted.push(runs);
    }
}
