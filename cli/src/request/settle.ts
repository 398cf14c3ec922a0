import type { ExitCode, Request } from '@guichet/contract';
import { saveFile } from '../output/save-file.ts';
import type { Shell } from '../shell.ts';
import { EXIT_OF_STATE } from './exit-code.ts';
import { endText, requestText } from './request-text.ts';

/** Shows how a request ended and gives the exit code for it. */
export async function showEnd(shell: Shell, request: Request, outputFile?: unknown): Promise<ExitCode> {
  const exit = EXIT_OF_STATE[request.state];
  if (request.state === 'succeeded' && (await saveFile(shell, request.output, outputFile))) return exit;
  await shell.show(request, () => endText(request, shell.canvas) ?? requestText(request, shell.canvas));
  return exit;
}
