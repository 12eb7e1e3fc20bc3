//! Minimum s–t cut of a small graph: Dinic's algorithm (Dinitz 1970) on adjacency lists.
//!
//! Used for two-label energies E = Σ unary + Σ pairwise (Greig, Porteous & Seheult 1989). Capacities
//! are f64; residuals below [`EPS`] are empty. Thousands of nodes, not millions.

/// Residual capacity that counts as none.
const EPS: f64 = 1e-9;

#[derive(Debug, Clone, Copy)]
struct Arc {
    to: usize,
    residual: f64,
}

/// A graph with a source and a sink.
#[derive(Debug, Clone)]
pub struct MinCut {
    arcs: Vec<Arc>,
    out: Vec<Vec<usize>>,
}

impl MinCut {
    /// `nodes` nodes, unconnected; source and sink are two more.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self { arcs: Vec::new(), out: vec![Vec::new(); nodes + 2] }
    }

    fn source(&self) -> usize {
        self.out.len() - 2
    }

    fn sink(&self) -> usize {
        self.out.len() - 1
    }

    fn arc(&mut self, from: usize, to: usize, forward: f64, backward: f64) {
        self.out[from].push(self.arcs.len());
        self.arcs.push(Arc { to, residual: forward });
        self.out[to].push(self.arcs.len());
        self.arcs.push(Arc { to: from, residual: backward });
    }

    /// Costs of putting a node on the source's or the sink's side; negative and NaN count as 0.
    pub fn unary(&mut self, node: usize, cost_source: f64, cost_sink: f64) {
        let (source, sink) = (self.source(), self.sink());
        self.arc(source, node, cost_sink.max(0.0), 0.0);
        self.arc(node, sink, cost_source.max(0.0), 0.0);
    }

    /// Cost of putting two nodes on different sides.
    pub fn pairwise(&mut self, a: usize, b: usize, cost: f64) {
        self.arc(a, b, cost.max(0.0), cost.max(0.0));
    }

    /// Minimises; true for the nodes on the source's side.
    #[must_use]
    pub fn solve(mut self) -> Vec<bool> {
        while let Some(level) = self.levels() {
            let mut next = vec![0usize; self.out.len()];
            while self.augment(&level, &mut next) > EPS {}
        }
        let mut reached = vec![false; self.out.len()];
        let mut stack = vec![self.source()];
        reached[self.source()] = true;
        while let Some(node) = stack.pop() {
            for &a in &self.out[node] {
                let arc = self.arcs[a];
                if arc.residual > EPS && !reached[arc.to] {
                    reached[arc.to] = true;
                    stack.push(arc.to);
                }
            }
        }
        reached.truncate(self.out.len() - 2);
        reached
    }

    /// Breadth-first levels from the source; `None` when the sink is cut off.
    fn levels(&self) -> Option<Vec<usize>> {
        let mut level = vec![usize::MAX; self.out.len()];
        level[self.source()] = 0;
        let mut queue = std::collections::VecDeque::from([self.source()]);
        while let Some(node) = queue.pop_front() {
            for &a in &self.out[node] {
                let arc = self.arcs[a];
                if arc.residual > EPS && level[arc.to] == usize::MAX {
                    level[arc.to] = level[node] + 1;
                    queue.push_back(arc.to);
                }
            }
        }
        (level[self.sink()] != usize::MAX).then_some(level)
    }

    /// One augmenting path along the levels (iterative depth-first search); gives its flow.
    fn augment(&mut self, level: &[usize], next: &mut [usize]) -> f64 {
        let (source, sink) = (self.source(), self.sink());
        let mut path: Vec<usize> = Vec::new();
        let mut node = source;
        while node != sink {
            let arc = loop {
                let Some(&a) = self.out[node].get(next[node]) else { break None };
                let arc = self.arcs[a];
                if arc.residual > EPS && level[arc.to] == level[node] + 1 {
                    break Some(a);
                }
                next[node] += 1;
            };
            match arc {
                Some(a) => {
                    path.push(a);
                    node = self.arcs[a].to;
                }
                None => {
                    // Dead end: step back and never come here again in this phase.
                    let Some(a) = path.pop() else { return 0.0 };
                    node = self.arcs[a ^ 1].to;
                    next[node] += 1;
                }
            }
        }
        let flow = path.iter().map(|&a| self.arcs[a].residual).fold(f64::INFINITY, f64::min);
        for a in path {
            self.arcs[a].residual -= flow;
            self.arcs[a ^ 1].residual += flow;
        }
        flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Energy of a labelling of the chain below.
    fn energy(labels: &[bool], unary: &[(f64, f64)], pair: &[f64]) -> f64 {
        let own: f64 = labels.iter().zip(unary).map(|(&l, u)| if l { u.0 } else { u.1 }).sum();
        let cut: f64 = labels.windows(2).zip(pair).map(|(l, w)| if l[0] == l[1] { 0.0 } else { *w }).sum();
        own + cut
    }

    #[test]
    fn finds_the_minimum_of_all_labellings_of_a_chain() {
        let unary = [(0.3, 1.0), (0.9, 0.2), (0.4, 0.5), (1.5, 0.1), (0.0, 2.0), (0.6, 0.7)];
        let pair = [0.2, 0.7, 0.05, 0.4, 0.9];
        let mut cut = MinCut::new(6);
        for (i, u) in unary.iter().enumerate() {
            cut.unary(i, u.0, u.1);
        }
        for (i, &w) in pair.iter().enumerate() {
            cut.pairwise(i, i + 1, w);
        }
        let found = energy(&cut.solve(), &unary, &pair);
        let best = (0..64)
            .map(|bits| {
                let labels: Vec<bool> = (0..6).map(|i| bits >> i & 1 == 1).collect();
                energy(&labels, &unary, &pair)
            })
            .fold(f64::INFINITY, f64::min);
        assert!((found - best).abs() < 1e-9, "{found} against {best}");
    }
}
