/** How every chart looks: one colour, dash and symbol per datapath, DejaVu Sans, thin grid; readable in grey. */
import type { View } from './spec.ts';

/** Widest a chart may be, px: a paper's page. */
export const PAGE = 900;
export const FONT = 'DejaVu Sans';

interface Style {
  readonly colour: string;
  readonly dash: readonly number[];
  readonly shape: string;
}

/** Okabe and Ito's colours; their luminances differ too, and dash and symbol tell apart what grey does not. */
const KNOWN: Readonly<Record<string, Style>> = {
  native: { colour: '#000000', dash: [1, 0], shape: 'circle' },
  e1000: { colour: '#D55E00', dash: [8, 3], shape: 'square' },
  'virtio-net': { colour: '#0072B2', dash: [2, 2], shape: 'triangle-up' },
  'vhost-net': { colour: '#E69F00', dash: [10, 3, 2, 3], shape: 'diamond' },
  sriov: { colour: '#009E73', dash: [5, 2], shape: 'triangle-down' },
};
const OTHERS: readonly Style[] = [
  { colour: '#CC79A7', dash: [12, 3], shape: 'cross' },
  { colour: '#56B4E9', dash: [3, 1], shape: 'triangle-left' },
  { colour: '#8C7A00', dash: [6, 2, 2, 2, 2, 2], shape: 'triangle-right' },
  { colour: '#666666', dash: [1, 3], shape: 'stroke' },
];

const ORDER = Object.keys(KNOWN);

/** Bare metal first, then from most to least emulation, then whatever else by name. */
export const inDatapathOrder = (names: readonly string[]): string[] => {
  const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
};

export const stylesOf = (names: readonly string[]): Style[] => {
  let others = 0;
  return names.map((name) => (Object.hasOwn(KNOWN, name) ? KNOWN[name] : OTHERS[others++ % OTHERS.length]));
};

/** The encodings that tell datapaths apart; the legend is drawn apart, since Vega's cannot show dash and symbol. */
export const byDatapath = (names: readonly string[]): { colour: View; dash: View; shape: View } => {
  const styles = stylesOf(names);
  const channel = (range: readonly unknown[]): View => ({
    field: 'datapath',
    type: 'nominal',
    scale: { domain: names, range },
    legend: null,
  });
  return {
    colour: channel(styles.map((style) => style.colour)),
    dash: channel(styles.map((style) => style.dash)),
    shape: channel(styles.map((style) => style.shape)),
  };
};

export const CONFIG: View = {
  font: FONT,
  background: 'white',
  padding: 8,
  view: { stroke: '#999999', strokeWidth: 0.5 },
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 14,
    fontWeight: 'bold',
    offset: 10,
    subtitlePadding: 4,
  },
  axis: {
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    labelLimit: 0,
    titleLimit: 0,
    gridColor: '#E4E4E4',
    domainColor: '#666666',
    tickColor: '#666666',
    labelColor: '#222222',
    titleColor: '#222222',
  },
  header: { labelFontSize: 11, labelFontWeight: 'bold', labelLimit: 0, title: null, labelPadding: 6 },
};
