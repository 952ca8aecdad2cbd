"""The programme's own registers, kept by hand: workplaces, departments, events, budget."""
