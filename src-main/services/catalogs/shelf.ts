import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { DEFAULT_CALIBRATION } from '../../../src-worker/protocol/names.ts';
import { corrected, correctionsInForce, type Correction } from '../../catalogs/corrections.ts';
import { checkedCatalog, judged, type JudgedCatalog } from '../../catalogs/judge.ts';
import type { ReadCatalog } from '../../catalogs/formats/reader.ts';
import { stack, type Layer, type LayeredCatalog } from '../../catalogs/layers.ts';
import { factsOf, loadBundled } from '../../catalogs/load.ts';
import { issuesBrought } from '../../catalogs/rules/check.ts';
import type { CatalogIssue, Checked } from '../../catalogs/rules/types.ts';
import type { Store } from '../../store/store.ts';
import { readOwnProfile, unreadableSentence } from '../calibrations/own-profile.ts';
import { readKept, type KeptImport } from './kept-imports.ts';

export interface ShelfParts {
  catalogsFolder: string;
  store: Store;
  /** Told what could not be read and was survived. */
  report: (problem: string) => void;
  /** Told of the facts whenever they changed. */
  onChange: (facts: Facts) => void;
}

/** The catalogs as they lie over each other: bundled files, imports, files of this start, corrections; and what holds now. */
export class CatalogShelf {
  readonly #parts: ShelfParts;
  readonly #bundled: ReturnType<typeof loadBundled>;
  readonly #files: Layer[] = [];
  #imports: KeptImport[];
  #catalog: LayeredCatalog;
  #facts: Facts;
  /** What was read last, taken before it was read: what is written meanwhile is then looked for again. */
  #seen: { version: number; state: string };
  #revision = 0;

  /** Throws file errors of the bundled catalogs. */
  constructor(parts: ShelfParts) {
    this.#parts = parts;
    this.#bundled = loadBundled(parts.catalogsFolder);
    this.#seen = this.#stateNow();
    this.#imports = this.#kept();
    ({ catalog: this.#catalog, facts: this.#facts } = this.#settled());
  }

  get imports(): readonly KeptImport[] {
    return this.#imports;
  }
  get catalog(): LayeredCatalog {
    return this.#catalog;
  }
  get facts(): Facts {
    return this.#facts;
  }
  /** Goes up with every change of what holds. */
  get revision(): number {
    return this.#revision;
  }

  /** A file that lies over all others until the program ends. */
  add(layer: Layer): void {
    this.#files.push(layer);
    ({ catalog: this.#catalog, facts: this.#facts } = this.#settled());
  }

  /** Reads the database again after something of it changed. */
  changed(): void {
    this.#seen = this.#stateNow();
    this.#revision += 1;
    this.#imports = this.#kept();
    ({ catalog: this.#catalog, facts: this.#facts } = this.#settled());
    this.reportProblems();
    this.#parts.onChange(this.#facts);
  }

  /** Takes in what another program changed; every write to the database is noticed, few are about catalogs. */
  followOthers(): void {
    const version = this.#parts.store.dataVersion();
    if (version === this.#seen.version) return;
    if (this.#parts.store.catalogState() === this.#seen.state) this.#seen = { ...this.#seen, version };
    else this.changed();
  }

  /** Says which imports cannot be read; what holds only in part stands in the catalog's own problems. */
  reportProblems(): void {
    for (const { problem } of this.#imports) if (problem !== null) this.#parts.report(problem);
  }

  /** What would hold with one more layer: an import lies beneath the files of this start. */
  with(layer: Layer): LayeredCatalog {
    const ofImports = importLayers(this.#imports);
    const upper =
      layer.layer === 'imported' ? [...ofImports, layer, ...this.#files] : [...ofImports, ...this.#files, layer];
    return this.#laid(upper, this.#corrections());
  }

  /** What the rules say of a file that would lie there as a layer. */
  judged(read: ReadCatalog, place: Pick<Layer, 'layer' | 'origin'>): JudgedCatalog {
    return judged(
      read,
      this.#checked(this.#catalog),
      (content) => this.with({ ...place, content }),
      (catalog) => this.#checked(catalog),
    );
  }

  /** What rules a correction would break that hold without it. */
  errorsOf(correction: Correction): CatalogIssue[] {
    const { subject, id, key } = correction;
    const others = this.#corrections().filter((one) => one.subject !== subject || one.id !== id || one.key !== key);
    const upper = [...importLayers(this.#imports), ...this.#files];
    const after = this.#checked(this.#laid(upper, [...others, correction]));
    return issuesBrought(this.#checked(this.#catalog), after).filter(({ severity }) => severity === 'error');
  }

  /** What lies over the bundled catalogs and the rules do not like. */
  issues(): CatalogIssue[] {
    return issuesBrought(this.#checked(stack(this.#bundled.layers)), this.#checked(this.#catalog));
  }

  #checked(catalog: LayeredCatalog): Checked {
    return checkedCatalog(this.#bundled, catalog);
  }

  #stateNow(): { version: number; state: string } {
    const { store } = this.#parts;
    return { version: store.dataVersion(), state: store.catalogState() };
  }

  #kept(): KeptImport[] {
    const { rows, problems } = this.#parts.store.listCatalogImports();
    problems.forEach(this.#parts.report);
    return rows.map(readKept);
  }

  #corrections(): Correction[] {
    const { rows, problems } = this.#parts.store.listCorrections();
    problems.forEach(this.#parts.report);
    return rows;
  }

  /** Profiles that were fitted here; one that cannot be read is told and left where it is. */
  #ownProfiles(bundled: readonly CalibrationProfile[]): CalibrationProfile[] {
    const { rows, problems } = this.#parts.store.listCalibrations();
    problems.forEach(this.#parts.report);
    const model = bundled.find(({ name }) => name === DEFAULT_CALIBRATION) ?? bundled[0];
    if (!model) return [];
    return rows.flatMap((row) => {
      const read = readOwnProfile(row, model);
      if (read.kind === 'readable') return [read.profile];
      this.#parts.report(unreadableSentence(row.name, read.reason));
      return [];
    });
  }

  #laid(upper: readonly Layer[], corrections: readonly Correction[]): LayeredCatalog {
    return corrected(stack([...this.#bundled.layers, ...upper]), corrections);
  }

  #settled(): { catalog: LayeredCatalog; facts: Facts } {
    const upper = [...importLayers(this.#imports), ...this.#files];
    const corrections = this.#corrections();
    const catalog = this.#laid(upper, corrections);
    const inForce = corrections.length === 0 ? [] : correctionsInForce(catalog, corrections);
    const words = [...upper.map(({ content }) => content), ...inForce].map((part) => JSON.stringify(part));
    const facts = factsOf(this.#bundled, catalog, words);
    const own = this.#ownProfiles(facts.calibrations);
    return { catalog, facts: { ...facts, calibrations: [...facts.calibrations, ...own] } };
  }
}

const importLayers = (imports: readonly KeptImport[]): Layer[] =>
  imports.flatMap(({ row, content }): Layer[] => (content ? [{ layer: 'imported', origin: row.name, content }] : []));
