//! The lines of ids, for the rare question of which line used an id first.

/// How many runs are kept in the order in which they came: few enough to search one by one.
const OPEN: usize = 512;

/// Which line has which id: next to nothing where ids count up with the lines, and 16 bytes an id elsewhere (twice that
/// for a moment while runs are merged).
///
/// Runs are gathered in the order in which they come, sorted when there are enough, and merged with those sorted before
/// them, so that there are few sorted lists, each longer than all that came after it.
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
    /// Notes the line of an id that has none yet. Lines from 2^48 on are noted as the last one before.
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
        while let Some(before) = self.sorted.pop_if(|before| before.len() <= 2 * runs.len()) {
            runs.extend(before);
        }
        // The runs of each part are in order, which a stable sort makes use of.
        runs.sort_by_key(|run| run.id);
        self.sorted.push(runs);
    }
}
