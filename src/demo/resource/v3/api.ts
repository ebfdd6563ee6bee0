import { z } from 'zod'
import { type Ids, paging } from '../collection.ts'
import { type Api, api } from '../operation.ts'
import { byId, fault, found, idOf, once, pageOf } from '../shapes.ts'
import * as shapes from './data.ts'
import { createV3Data, operation } from './data.ts'

const listVehicles = operation({
  method: 'get',
  path: '/v3/vehicles',
  operationId: 'listVehicles',
  tag: 'vehicles',
  summary: 'List vehicles',
  scope: 'vehicles:read',
  query: z.object(paging),
  answers: { 200: { description: 'Vehicles, oldest first.', schema: pageOf(shapes.vehicle, 'VehiclePage') } },
  handle: ({ data, query }) => ({ status: 200, body: data.vehicles.page(query) }),
})

const createVehicle = operation({
  method: 'post',
  path: '/v3/vehicles',
  operationId: 'createVehicle',
  tag: 'vehicles',
  summary: 'Add a vehicle',
  description: 'May be repeated: the same `vin` again answers the first vehicle.',
  scope: 'vehicles:write',
  body: {
    schema: shapes.newVehicle,
    example: { vin: 'VF1MA000068123456', plate: 'ACME 103', make: 'Renault', model: 'Master', year: 2024 },
  },
  answers: {
    201: { description: 'The new vehicle.', schema: shapes.vehicle },
    200: { description: 'The vehicle that has this `vin`.', schema: shapes.vehicle },
  },
  refusals: { 409: '`full`: the account has 500 vehicles.' },
  handle({ data, body: { plate = null, driverId = null, ...given }, now }) {
    const known = data.vehicles.all().find((each) => each.vin === given.vin)
    return once(known, () => {
      if (driverId && !data.drivers.get(driverId)) throw fault('/driverId', 'is none of the account’s drivers.')
      return data.vehicles.add({ ...given, plate, driverId, createdAt: new Date(now).toISOString() })
    })
  },
})

const getVehicle = operation({
  method: 'get',
  path: '/v3/vehicles/{id}',
  operationId: 'getVehicle',
  tag: 'vehicles',
  summary: 'Read a vehicle',
  scope: 'vehicles:read',
  params: byId('veh', 'veh_1001'),
  answers: { 200: { description: 'The vehicle.', schema: shapes.vehicle } },
  handle: ({ data, params }) => ({ status: 200, body: found(data.vehicles.get(params.id)) }),
})

const listLocations = operation({
  method: 'get',
  path: '/v3/locations',
  operationId: 'listLocations',
  tag: 'locations',
  summary: 'List locations',
  scope: 'locations:read',
  query: z.object({ ...paging, vehicleId: idOf('veh').optional() }),
  answers: { 200: { description: 'Where vehicles were.', schema: pageOf(shapes.location, 'VehicleLocationPage') } },
  handle: ({ data, query: { vehicleId, ...page } }) => ({
    status: 200,
    body: data.locations.page(page, (row) => vehicleId === undefined || row.vehicleId === vehicleId),
  }),
})

const listDrivers = operation({
  method: 'get',
  path: '/v3/drivers',
  operationId: 'listDrivers',
  tag: 'drivers',
  summary: 'List drivers',
  scope: 'drivers:read',
  query: z.object(paging),
  answers: { 200: { description: 'Drivers, oldest first.', schema: pageOf(shapes.driver, 'DriverPage') } },
  handle: ({ data, query }) => ({ status: 200, body: data.drivers.page(query) }),
})

const listEvents = operation({
  method: 'get',
  path: '/v3/events',
  operationId: 'listRoadEvents',
  tag: 'events',
  summary: 'List events',
  scope: 'events:read',
  query: z.object({ ...paging, vehicleId: idOf('veh').optional(), type: shapes.roadEventType.optional() }),
  answers: { 200: { description: 'What happened on the road.', schema: pageOf(shapes.roadEvent, 'RoadEventPage') } },
  handle({ data, query: { vehicleId, type, ...page } }) {
    const shown = (row: z.infer<typeof shapes.roadEvent>) =>
      (vehicleId === undefined || row.vehicleId === vehicleId) && (type === undefined || row.type === type)
    return { status: 200, body: data.events.page(page, shown) }
  },
})

/** @param now ms since 1970; the data dates from the days before */
export function createV3(ids: Ids, now: number): Api {
  return api({
    id: 'v3',
    title: 'Partner API V3',
    tags: [
      { name: 'vehicles', description: 'The fleet' },
      { name: 'locations', description: 'Where it is' },
      { name: 'drivers', description: 'Who drives it' },
      { name: 'events', description: 'What happened on the road' },
    ],
    operations: [listVehicles, createVehicle, getVehicle, listLocations, listDrivers, listEvents],
    dataOf: createV3Data(ids, now),
  })
}
