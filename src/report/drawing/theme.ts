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

/** Symbols of our own, as Vega takes them: a path in a square from −1 to 1. */
const HEXAGON = 'M-1,0L-0.5,-0.87L0.5,-0.87L1,0L0.5,0.87L-0.5,0.87Z';
const HOURGLASS = 'M-1,-1L1,-1L-1,1L1,1Z';

/** Okabe and Ito's colours, and where those end Tol's; their luminances differ too, and dash and symbol tell apart what grey does not. */
const KNOWN: Readonly<Record<string, Style>> = {
  native: { colour: '#000000', dash: [1, 0], shape: 'circle' },
  rtl8139: { colour: '#999933', dash: [14, 4], shape: HEXAGON },
  e1000: { colour: '#D55E00', dash: [8, 3], shape: 'square' },
  e1000e: { colour: '#882255', dash: [4, 4], shape: HOURGLASS },
  'virtio-net': { colour: '#0072B2', dash: [2, 2], shape: 'triangle-up' },
  'vhost-net': { colour: '#E69F00', dash: [10, 3, 2, 3], shape: 'diamond' },
  'vhost-user': { colour: '#CC79A7', dash: [12, 3], shape: 'cross' },
  vdpa: { colour: '#56B4E9', dash: [3, 1], shape: 'wedge' },
  sriov: { colour: '#009E73', dash: [5, 2], shape: 'triangle-down' },
};
/** Ways to a disk look like their kin to the network: no chart has both, since a VM is compared on one or the other. */
const KIN: Readonly<Record<string, string>> = {
  ide: 'rtl8139',
  ahci: 'e1000',
  nvme: 'e1000e',
  'virtio-scsi': 'vdpa',
  'virtio-blk': 'virtio-net',
  'vhost-scsi': 'vhost-net',
  'vhost-user-blk': 'vhost-user',
  'nvme-passthrough': 'sriov',
};
/** For names not known here: no two of the first sixteen look alike. */
const OTHERS = {
  colours: ['#8C7A00', '#332288', '#44AA99', '#666666'],
  dashes: [
    [9, 9],
    [7, 7],
    [6, 2, 2, 2, 2, 2],
    [1, 3],
  ],
  shapes: ['triangle-left', 'triangle-right', 'arrow', 'stroke'],
} as const;

/** @param i position among the unknown names. */
const otherStyle = (i: number): Style => {
  const round = Math.floor(i / 4);
  return {
    colour: OTHERS.colours[i % 4],
    dash: OTHERS.dashes[(i + round) % 4],
    shape: OTHERS.shapes[(i + 2 * round) % 4],
  };
};

export const stylesOf = (names: readonly string[]): Style[] => {
  let others = 0;
  return names.map((name) => {
    const kin = Object.hasOwn(KIN, name) ? KIN[name] : name;
    return Object.hasOwn(KNOWN, kin) ? KNOWN[kin] : otherStyle(others++);
  });
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
    frame: 'bounds',
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
  axisXQuantitative: { labelFlush: false },
  header: { labelFontSize: 11, labelFontWeight: 'bold', labelLimit: 0, title: null, labelPadding: 6 },
};
