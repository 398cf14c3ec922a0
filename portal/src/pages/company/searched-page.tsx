import type { UseQueryResult } from '@tanstack/react-query';
import type { LinkProps } from '@tanstack/react-router';
import type { RowData } from '@tanstack/react-table';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { CompanyProblem } from './company-problem.tsx';

interface SearchedPageProps<Row extends RowData> {
  readonly words: {
    readonly title: string;
    readonly about: string;
    readonly search: string;
    readonly count: (count: number) => string;
    readonly none: string;
    readonly noneText: string;
    readonly noFit: string;
    readonly noFitText: string;
  };
  readonly icon: LucideIcon;
  readonly query: UseQueryResult<unknown, Error>;
  readonly columns: readonly Column<Row>[];
  /** Those that fit. */
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly link: (row: Row) => LinkProps;
  /** What was typed, as it stands in the address. */
  readonly search: string;
  readonly onSearch: (text: string) => void;
  /** Beside the search: what narrows the list too. */
  readonly filter?: ReactNode;
  readonly isNarrowed: boolean;
}

/** People, teams, services: all of them at once, narrowed as one types. */
export function SearchedPage<Row extends RowData>({
  words,
  icon,
  query,
  columns,
  rows,
  rowId,
  link,
  search,
  onSearch,
  filter,
  isNarrowed,
}: SearchedPageProps<Row>): ReactNode {
  return (
    <Page wide title={words.title} about={words.about}>
      <CompanyProblem />
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox label={words.search} value={search} onChange={onSearch} />
        {filter}
        {query.data !== undefined && (
          <span role="status" className="text-sm text-faint">
            {words.count(rows.length)}
          </span>
        )}
      </div>
      <Panel flush>
        <Loaded query={query}>
          {() => (
            <DataTable
              caption={words.title}
              columns={columns}
              rows={rows}
              rowId={rowId}
              link={link}
              empty={
                <EmptyState icon={icon} title={isNarrowed ? words.noFit : words.none}>
                  {isNarrowed ? words.noFitText : words.noneText}
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
