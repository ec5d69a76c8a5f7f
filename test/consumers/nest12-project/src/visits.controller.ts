import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';

@Controller('visits')
export class VisitsController {
  @Get()
  visit(@Session() ss: Session<{ visits: number }>) {
    ss.values.visits = (ss.values.visits ?? 0) + 1;
    return `Visit number ${ss.values.visits}`;
  }
}
