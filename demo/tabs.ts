// Tabs as the ARIA authoring practices have them: arrows move, what is hidden is filled when it is first shown.

/** `fill` by panel id: called whenever that panel is shown. */
export function tabs(fill: Readonly<Record<string, () => void>>): { refresh(): void } {
  const list = [...document.querySelectorAll<HTMLButtonElement>('[role=tab]')];
  const panelOf = (tab: HTMLButtonElement): HTMLElement => document.getElementById(tab.getAttribute('aria-controls')!)!;
  const show = (tab: HTMLButtonElement): void => {
    for (const other of list) {
      other.ariaSelected = String(other === tab);
      other.tabIndex = other === tab ? 0 : -1;
      panelOf(other).hidden = other !== tab;
    }
    fill[panelOf(tab).id]?.();
  };
  list.forEach((tab, n) => {
    tab.addEventListener('click', () => show(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      const next = key === 'Home' ? 0 : key === 'End' ? list.length - 1 : step && (n + step + list.length) % list.length;
      if (next === undefined) return;
      list[next]!.focus();
      show(list[next]!);
    });
  });
  return { refresh: () => fill[panelOf(list.find(tab => tab.ariaSelected === 'true')!).id]?.() };
}
